/**
 * Brings a reservation back that Redis does not have: from the projection or, when SQL does not
 * know it either, as expired from what the message tells (saga rule F7).
 */
import { shardOfReservation } from '../../contracts/ids.ts'
import type { Message } from '../../contracts/message.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import { RESTORES_PER_CALL_MAX, type SeatVerbs } from '../../lua/seatVerbs.ts'
import { OperationalError } from '../../platform/errors.ts'
import type { ProjectedReservations } from '../projection/reservations.ts'

export interface RecreateOptions {
  scripts: Pick<SeatVerbs, 'restore'>
  reservations: ProjectedReservations
  /** A show's seats by id; null when there is no such show. */
  findShow: (
    showId: string,
  ) => Promise<{ readonly layout: { indexOf(seatId: string): number } } | null>
}

/**
 * Writes the reservations of the messages into Redis where they are missing. `permits` holds the
 * lease tokens of shards that are being rebuilt.
 *
 * @throws OperationalError STATE_UNKNOWN when a shard has no epoch; TypeError for a message that
 *   names an unknown show or seat, and for a reservation that cannot be written back
 */
export async function recreate(
  options: RecreateOptions,
  messages: readonly Message[],
  permits: ReadonlyMap<number, string>,
): Promise<void> {
  const byId = new Map(messages.map((message) => [message.payload.reservationId, message]))
  const records = await options.reservations.findAll([...byId.keys()])
  for (const record of records) byId.delete(record.reservationId)
  for (const message of byId.values()) records.push(await expiredFrom(options, message))
  await Promise.all(
    portionsOf(records).map((portion) => restorePortion(options.scripts, portion, permits)),
  )
}

/** What the message tells of a reservation that nobody else remembers. */
async function expiredFrom(
  { findShow }: RecreateOptions,
  { id, time, traceparent, payload }: Message,
): Promise<ReservationRecord> {
  const show = await findShow(payload.showId)
  if (!show) throw new TypeError(`message ${id} is of the unknown show ${payload.showId}`)
  const seats = payload.seatIds.map((seatId) => {
    const index = show.layout.indexOf(seatId)
    if (index < 0) throw new TypeError(`message ${id} names the unknown seat ${seatId}`)
    return index
  })
  const atMs = Date.parse(time)
  return {
    reservationId: payload.reservationId,
    status: 'expired',
    showId: payload.showId,
    customerId: payload.customerId,
    seats,
    amount: payload.amount,
    requestHash: '',
    createdMs: atMs,
    deadlineMs: atMs,
    version: '0-0',
    owns: false,
    ...(payload.contact && { contact: payload.contact }),
    ...(traceparent && { traceparent }),
  }
}

/** By show, in portions that one script call may take. */
export function portionsOf(records: readonly ReservationRecord[]): ReservationRecord[][] {
  const byShow = new Map<string, ReservationRecord[]>()
  for (const record of records) {
    const known = byShow.get(record.showId)
    if (known) known.push(record)
    else byShow.set(record.showId, [record])
  }
  return [...byShow.values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / RESTORES_PER_CALL_MAX) }, (_, at) =>
      all.slice(at * RESTORES_PER_CALL_MAX, (at + 1) * RESTORES_PER_CALL_MAX),
    ),
  )
}

/**
 * Restores records of one show, at most RESTORES_PER_CALL_MAX.
 *
 * @throws OperationalError STATE_UNKNOWN without an epoch or a valid permit; TypeError when a seat
 *   belongs to somebody else, or the epoch says that the state is complete without the owner
 */
export async function restorePortion(
  scripts: Pick<SeatVerbs, 'restore'>,
  records: readonly ReservationRecord[],
  permits: ReadonlyMap<number, string>,
): Promise<void> {
  const [first] = records
  if (!first) return
  const shard = shardOfReservation(first.reservationId)
  const permit = permits.get(shard)
  const answer = await scripts.restore({
    shard,
    showId: first.showId,
    reservations: records,
    ...(permit !== undefined && { permit }),
  })
  if (answer.type === 'no_epoch') {
    const detail = `shard ${shard} has no epoch`
    throw new OperationalError('STATE_UNKNOWN', { retriable: true, detail })
  }
  for (const [at, outcome] of answer.outcomes.entries()) {
    if (outcome.type === 'restored' || outcome.type === 'kept') continue
    const seats = outcome.type === 'clash' ? ` over seats ${outcome.seats}` : ''
    throw new TypeError(`${records[at]?.reservationId} cannot be restored: ${outcome.type}${seats}`)
  }
}
