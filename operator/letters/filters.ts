/** Which dead letters a command is about. All that is given must hold. */
import { isReservationId } from '../../contracts/ids.ts'
import type { Topic } from '../../contracts/topics.ts'
import { UsageError } from '../cli/failure.ts'
import { contentOf, keyTextOf, type Letter, parseTopic } from './letter.ts'

export interface Filters {
  topic?: Topic
  group?: string
  /** Part of the error's class and message, in any case. */
  reason?: string
  reservation?: string
  show?: string
  sinceMs?: number
  untilMs?: number
  /** Within each partition, first and last. */
  fromOffset?: number
  toOffset?: number
}

/** The filters as they are typed. */
export interface FilterOptions {
  topic?: string
  group?: string
  reason?: string
  reservation?: string
  show?: string
  since?: string
  until?: string
  offset?: string
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** @throws UsageError saying which filter is wrong and how it should be */
export function parseFilters(options: FilterOptions, nowMs: number): Filters {
  const filters: Filters = {}
  if (options.topic !== undefined) filters.topic = parseTopic(options.topic)
  if (options.group !== undefined) filters.group = options.group
  if (options.reason !== undefined) filters.reason = options.reason
  if (options.show !== undefined) filters.show = options.show
  if (options.reservation !== undefined) {
    if (!isReservationId(options.reservation)) {
      throw new UsageError(`"${options.reservation}" is no reservation id`)
    }
    filters.reservation = options.reservation
  }
  if (options.since !== undefined) filters.sinceMs = parseTime('since', options.since, nowMs)
  if (options.until !== undefined) filters.untilMs = parseTime('until', options.until, nowMs)
  const { sinceMs, untilMs } = filters
  if (sinceMs !== undefined && untilMs !== undefined && untilMs < sinceMs) {
    throw new UsageError(`--until "${options.until}" is before --since "${options.since}"`)
  }
  if (options.offset !== undefined) Object.assign(filters, parseOffsets(options.offset))
  return filters
}

const TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/i

/**
 * A time as RFC 3339, or as long ago: `90s`, `15m`, `2h`, `1d`. Without a zone it is UTC, as all
 * times are that the desk prints.
 */
function parseTime(name: string, text: string, nowMs: number): number {
  const ago = /^([0-9]{1,6})([smhd])$/.exec(text)
  if (ago) return nowMs - Number(ago[1]) * (UNIT_MS[ago[2] ?? ''] ?? 0)
  const [, day, time = '00:00', zone = 'Z'] = TIME.exec(text) ?? []
  const ms = Date.parse(`${day}T${time}${zone}`)
  if (!Number.isNaN(ms)) return ms
  throw new UsageError(`--${name} "${text}" is no time; write 2026-01-31T10:00:00Z, or 2h for ago`)
}

function parseOffsets(text: string): Pick<Filters, 'fromOffset' | 'toOffset'> {
  const match = /^([0-9]{1,15})(-([0-9]{1,15})?)?$/.exec(text)
  if (!match) throw new UsageError(`--offset "${text}" is no range; write 17, 17-42 or 17-`)
  const [, from, range, to] = match
  if (range === undefined) return { fromOffset: Number(from), toOffset: Number(from) }
  if (to !== undefined && Number(to) < Number(from)) {
    throw new UsageError(`--offset "${text}" ends before it begins`)
  }
  return { fromOffset: Number(from), ...(to !== undefined && { toOffset: Number(to) }) }
}

/** Whether a letter passes. The message is read only where a filter asks for what is in it. */
export function passes(letter: Letter, filters: Filters): boolean {
  const { topic, group, reason, sinceMs, untilMs, fromOffset, toOffset } = filters
  const offset = Number(letter.record.offset)
  if (topic !== undefined && letter.topic !== topic) return false
  if (group !== undefined && letter.group !== group) return false
  if (sinceMs !== undefined && letter.failedAtMs < sinceMs) return false
  if (untilMs !== undefined && letter.failedAtMs > untilMs) return false
  if (fromOffset !== undefined && offset < fromOffset) return false
  if (toOffset !== undefined && offset > toOffset) return false
  if (reason !== undefined && !reasonOf(letter).toLowerCase().includes(reason.toLowerCase())) {
    return false
  }
  return passesInside(letter, filters)
}

function passesInside(letter: Letter, { reservation, show }: Filters): boolean {
  if (reservation === undefined && show === undefined) return true
  const content = contentOf(letter)
  if (!content.ok) return show === undefined && keyTextOf(letter) === reservation
  const { reservationId, showId } = content.message.payload
  if (reservation !== undefined && reservationId !== reservation) return false
  return show === undefined || showId === show
}

/** `TypeError: cannot read ...`. */
export const reasonOf = ({ errorClass, errorMessage }: Letter): string =>
  errorMessage === '' ? errorClass : `${errorClass}: ${errorMessage}`

/** The filters as they were typed, for the plan and the audit. */
export function typedFilters(
  options: FilterOptions & { limit?: number },
): Record<string, string | number> {
  const { topic, group, reason, reservation, show, since, until, offset, limit } = options
  const all = { topic, group, reason, reservation, show, since, until, offset, limit }
  return Object.fromEntries(
    Object.entries(all).filter(
      (entry): entry is [string, string | number] => entry[1] !== undefined,
    ),
  )
}
