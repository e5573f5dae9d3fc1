import { useEffect, useRef } from 'preact/hooks'
import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { partWith, seatAfterKey } from '../booking/gridMoves.ts'
import { type PlanRow, type PlanSection, rowIndexAt } from '../venue/plan.ts'
import { lookAt, zoneClass } from './looks.ts'

interface GridOf {
  house: House
  section: PlanSection
  label: string
  /** Index of the one seat that can be reached by Tab. */
  active: number
  /** Changes with the map. */
  turn: number
  onActive: (index: number) => void
  onLeave: () => void
}

/** A table in which the arrow keys move is a grid; these are the roles that say so. */
const GRID = { role: 'grid' } as const
const cell = (isMine: boolean) => ({ role: 'gridcell', 'aria-selected': isMine }) as const

/** The seats of a section as a grid in which the arrow keys move (WAI-ARIA: roving tabindex). */
export function SeatGrid({ house, section, label, active, onActive, onLeave }: GridOf) {
  const { plan } = house
  const isMoving = useRef(false)
  const { from, to } = partWith(plan, section, rowIndexAt(plan, active))
  useEffect(() => {
    if (isMoving.current) document.getElementById(`seat-${active}`)?.focus()
    isMoving.current = false
  }, [active])
  const go = (index: number) => {
    isMoving.current = true
    onActive(index)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return onLeave()
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      // A key that is held down is one press.
      if (house.canBuy && !event.repeat) house.desk.press(active)
      return
    }
    const next = seatAfterKey(plan, section, active, { key: event.key, isCtrl: event.ctrlKey })
    if (next === null) return
    event.preventDefault()
    if (next !== active) go(next)
  }
  const onClick = (event: MouseEvent) => {
    const cell = (event.target as Element).closest<HTMLElement>('[data-seat]')
    if (!cell) return
    const index = Number(cell.dataset.seat)
    onActive(index)
    if (house.canBuy) house.desk.press(index)
  }
  const rows = plan.rows.slice(from, to)
  return (
    <>
      <Pager {...{ house, section, from, to, onActive }} />
      <div class="grid-frame">
        <table
          {...GRID}
          class={`grid ${zoneClass(house, section.zone)}`}
          aria-label={label}
          aria-describedby="grid-hint"
          aria-rowcount={section.rowsTo - section.rowsFrom}
          onKeyDown={onKeyDown}
          onClick={onClick}
        >
          <tbody>
            {rows.map((row, at) => (
              <Row
                key={row.id}
                {...{ house, row, active, section }}
                position={from + at - section.rowsFrom + 1}
              />
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

interface PagerOf extends Pick<GridOf, 'house' | 'section' | 'onActive'> {
  from: number
  to: number
}

/** Goes on to other rows of a section that is too large to be shown whole. */
function Pager({ house, section, from, to, onActive }: PagerOf) {
  const { words } = useLanguage()
  const { rows } = house.plan
  const [before, first, last, after] = [rows[from - 1], rows[from], rows[to - 1], rows[to]]
  const isFirst = from === section.rowsFrom
  const isLast = to === section.rowsTo
  if (isFirst && isLast) return null
  return (
    <div class="pager">
      <button
        class="plain"
        type="button"
        disabled={isFirst}
        onClick={() => before && onActive(before.first)}
      >
        {words.list.previous}
      </button>
      <span>{words.list.rowsFrom(first?.id ?? '', last?.id ?? '')}</span>
      <button
        class="plain"
        type="button"
        disabled={isLast}
        onClick={() => after && onActive(after.first)}
      >
        {words.list.next}
      </button>
    </div>
  )
}

interface RowOf {
  house: House
  row: PlanRow
  section: PlanSection
  active: number
  position: number
}

function Row({ house, row, section, active, position }: RowOf) {
  const { words, format } = useLanguage()
  const price = format.money({ currency: house.show.currency, value: section.price })
  const indexes = Array.from({ length: row.seats }, (_, at) => row.first + at)
  return (
    <tr aria-rowindex={position}>
      <th scope="row">{words.row(row.id)}</th>
      {indexes.map((index) => {
        const look = lookAt(house, index)
        const number = index - row.first + 1
        const said = look === 'free' ? `${words.look.free}, ${price}` : words.look[look]
        return (
          <td
            {...cell(look === 'mine')}
            key={index}
            id={`seat-${index}`}
            class={`cell ${look}`}
            tabIndex={index === active ? 0 : -1}
            data-seat={index}
            aria-label={`${words.seatShort({ section: section.name, row: row.id, number })}, ${said}`}
          >
            <span>{number}</span>
          </td>
        )
      })}
    </tr>
  )
}
