/**
 * The state of the pure twin (seatBook.ts): one shard as plain data, what follows from it, and the
 * one way in which it changes. Owners, buyers' counts and deadlines are derived from the records.
 */
import type { EntryType, LogEntry, ReservationEntry, SeatState } from '../../lua/logEntry.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import { type Input, type Transition, transition } from './transitions.ts'

/** When a verb happens, by Redis's clock, and the ids that the log will give to its entries. */
export interface Moment {
  nowMs: number
  nextLogId: () => string
}

/** Everything there is to know about a shard; plain data, so it can be cloned and compared. */
export interface BookState {
  epoch: string | null
  lease: string | null
  records: Record<string, ReservationRecord>
  /** By show; a show without a change is absent. */
  versions: Record<string, string>
  log: LogEntry[]
}

export const emptyBook = (): BookState => ({
  epoch: null,
  lease: null,
  records: {},
  versions: {},
  log: [],
})

/** Who has which seat of the show. */
export function recordsBySeat(state: BookState, showId: string): Map<number, ReservationRecord> {
  const owners = new Map<number, ReservationRecord>()
  for (const record of Object.values(state.records)) {
    if (record.showId !== showId || !record.owns) continue
    for (const seat of record.seats) owners.set(seat, record)
  }
  return owners
}

/** How many live seats of the show each customer has. */
export function buyersOf(state: BookState, showId: string): Map<string, number> {
  const buyers = new Map<string, number>()
  for (const { customerId } of recordsBySeat(state, showId).values()) {
    buyers.set(customerId, (buyers.get(customerId) ?? 0) + 1)
  }
  return buyers
}

/** `<showId>/<reservationId>` by deadline, of all that are held or paying. */
export function deadlinesOf(state: BookState): Map<string, number> {
  const open = Object.values(state.records).filter(isOpen)
  return new Map(open.map((record) => [memberOf(record), record.deadlineMs]))
}

/** Whether a deadline runs for the reservation. */
export const isOpen = ({ status }: ReservationRecord): boolean =>
  status === 'held' || status === 'paying'

/** What the reservation is called among the deadlines. */
export const memberOf = (record: ReservationRecord): string =>
  `${record.showId}/${record.reservationId}`

/** What the seats of a reservation that owns them carry. */
export const ownerOf = (record: ReservationRecord): string =>
  `${isOpen(record) ? 'h' : 's'}${record.reservationId}`

/** Takes the transition that `input` causes, and logs it as `type`. There must be one. */
export function change(
  state: BookState,
  record: ReservationRecord,
  input: Input,
  type: EntryType,
  at: Moment,
  more: Partial<ReservationEntry>,
): void {
  const next = transition(record.status, input)
  if (!next) throw new TypeError(`${input.type} changes nothing in ${record.status}`)
  const hadSeats = record.owns
  record.status = next.status
  record.owns = ownsAfter(next, hadSeats)
  if (next.reason) record.reason = next.reason
  append(state, record, type, at, { ...seatChange(next, record, hadSeats), ...more })
}

/** Logs `record` as it is now; `more` are the members that are particular to the entry. */
export function append(
  state: BookState,
  record: ReservationRecord,
  type: EntryType,
  at: Moment,
  more: Partial<ReservationEntry>,
): void {
  const { versions, epoch, log } = state
  const id = at.nextLogId()
  const { status, showId, reservationId, customerId, seats, owns, amount } = record
  const { createdMs, deadlineMs, reason, contact, paymentId, traceparent } = record
  log.push({
    id,
    type,
    status,
    showId,
    prev: versions[showId] ?? epoch ?? '0-0',
    reservationId,
    customerId,
    seats,
    moved: [],
    owns,
    amount,
    createdMs,
    deadlineMs,
    atMs: at.nowMs,
    ...(reason && { reason }),
    ...(contact && { contact }),
    ...(paymentId && { paymentId }),
    ...(traceparent && { traceparent }),
    ...more,
  })
  versions[showId] = id
  record.version = id
}

/** Whether the reservation has its seats after the transition. */
function ownsAfter(next: Transition, hadSeats: boolean): boolean {
  if (next.seats === 'keep') return hadSeats
  return next.seats !== 'free'
}

/** What the transition makes of the seats, as the log tells it. */
function seatChange(
  next: Transition,
  record: ReservationRecord,
  hadSeats: boolean,
): { state?: SeatState; moved?: readonly number[] } {
  if (next.seats === 'sell') return { state: 2, moved: record.seats }
  if (next.seats === 'free' && hadSeats) return { state: 0, moved: record.seats }
  return {}
}
