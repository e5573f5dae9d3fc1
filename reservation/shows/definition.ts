/** From an operator's request to a show, and to the one text that it is stored and compared by. */
import { createHash, randomBytes } from 'node:crypto'
import type { Geometry, Show as ShowBody, ShowRequest } from '../../contracts/http.ts'
import { base32Of } from '../../contracts/ids.ts'
import { faultsOfGeometry } from '../domain/geometry.ts'
import { faultsOf, Layout, type LayoutFault, type Row, type Section } from '../domain/layout.ts'
import { POLICY_DEFAULTS, type Policy, type Show, type ShowDefinition } from './show.ts'

export type Defined =
  | { type: 'defined'; definition: ShowDefinition }
  | { type: 'faulty'; faults: LayoutFault[] }

/**
 * A definition with every default filled in and times in UTC. Members that this version does not
 * know are dropped. A show without an id gets one.
 */
export function define(request: ShowRequest): Defined {
  const { showId, name, startsAt, currency, policy, sections, geometry } = request
  const faults = [...faultsOf(sections), ...faultsOfGeometry(sections, geometry)]
  if (faults.length > 0) return { type: 'faulty', faults }
  const definition = {
    showId: showId ?? `show_${base32Of(randomBytes(16))}`,
    name,
    startsAt: new Date(startsAt).toISOString(),
    currency,
    policy: policyOf(policy ?? {}),
    sections: sections.map(sectionOf),
    ...(geometry && { geometry: geometryOf(geometry) }),
  }
  return { type: 'defined', definition }
}

/** Members in a fixed order, whatever the order of the request's. */
function policyOf(given: Partial<Policy>): Policy {
  const policy = { ...POLICY_DEFAULTS, ...given }
  return {
    holdTtlMs: policy.holdTtlMs,
    paymentWindowMs: policy.paymentWindowMs,
    seatsPerHoldMax: policy.seatsPerHoldMax,
    seatsPerBuyerMax: policy.seatsPerBuyerMax,
    holdExtensionMaxMs: policy.holdExtensionMaxMs,
  }
}

function sectionOf({ id, name, price, rows, outline }: Section): Section {
  return { id, name, price, rows: rows.map(rowOf), ...(outline && { outline }) }
}

function rowOf({ id, seats, curve, places }: Row): Row {
  return { id, seats, ...(curve && { curve }), ...(places && { places }) }
}

function geometryOf({ seatSize, stage }: Geometry): Geometry {
  return { seatSize, ...(stage && { stage }) }
}

type Stored = Pick<ShowDefinition, 'policy' | 'sections' | 'geometry'>

/** The stored text: equal texts are equal shows. */
export const encodeDefinition = ({ policy, sections, geometry }: ShowDefinition): string =>
  JSON.stringify({ policy, sections, geometry })

export const decodeDefinition = (text: string): Stored => JSON.parse(text) as Stored

/** The show in memory: its definition, its shard and its layout. */
export function showOf(definition: ShowDefinition, shard: number): Show {
  const layout = new Layout(definition.sections)
  const digest = createHash('sha256').update(JSON.stringify(definition)).digest('base64url')
  return { ...definition, shard, layout, etag: `"${digest.slice(0, 22)}"` }
}

/** The show as clients see it. */
export function bodyOf(show: Show): ShowBody {
  const { showId, name, startsAt, currency, policy, sections, geometry, layout } = show
  return {
    showId,
    name,
    startsAt,
    currency,
    total: layout.total,
    policy,
    sections: sections as ShowBody['sections'],
    ...(geometry && { geometry }),
  }
}
