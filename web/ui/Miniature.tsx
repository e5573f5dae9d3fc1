import { useMemo } from 'preact/hooks'
import { zoneColour } from '../map/colours.ts'
import type { Census } from '../venue/census.ts'
import type { Plan } from '../venue/plan.ts'
import type { Polygon } from '../venue/polygon.ts'

export interface MiniatureOf {
  plan: Plan
  census: Census
}

/** A house with more sections than this is only hinted at by its first ones. */
const SECTIONS_MAX = 300

/** In a house up to this size each seat is shown. */
const SEATS_MAX = 400

/** The fuller a section is, the paler. */
const opacityOf = ({ plan, census }: MiniatureOf, at: number): number =>
  0.18 + 0.82 * (census.inSection(at) / plan.sections[at]!.seats)

/** The house at a glance: its seats, or its sections. */
export function Miniature({ of }: { of: MiniatureOf }) {
  const { plan } = of
  const { x0, y0, x1, y1 } = plan.box
  const shapes = useMemo(
    () =>
      plan.sections.slice(0, SECTIONS_MAX).map((section, at) => ({
        path: pathOf(section.outline),
        zone: zoneColour(section.zone, plan.zones.length) + 1,
        opacity: opacityOf(of, at),
      })),
    [of],
  )
  return (
    <svg viewBox={`${x0} ${y0} ${x1 - x0} ${y1 - y0}`} aria-hidden="true">
      {plan.stage && <path class="stage" d={pathOf(plan.stage)} />}
      {plan.total <= SEATS_MAX ? (
        <Seats of={of} />
      ) : (
        shapes.map(({ path, zone, opacity }, at) => (
          <path key={at} class={`zone-${zone}`} d={path} fill-opacity={opacity} />
        ))
      )}
    </svg>
  )
}

function Seats({ of }: { of: MiniatureOf }) {
  const { plan } = of
  return (
    <>
      {plan.sections.map(({ id, first, seats, zone }, section) => (
        <g
          key={id}
          class={`zone-${zoneColour(zone, plan.zones.length) + 1}`}
          fill-opacity={opacityOf(of, section)}
        >
          {Array.from({ length: seats }, (_, at) => (
            <circle
              key={at}
              cx={plan.xs[first + at]}
              cy={plan.ys[first + at]}
              r={plan.seatSize / 2}
            />
          ))}
        </g>
      ))}
    </>
  )
}

const pathOf = (polygon: Polygon): string => `M${polygon.map(Math.round).join(' ')}Z`
