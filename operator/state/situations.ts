/**
 * Asks every store what it knows about the reservations of some dead letters, a few questions for
 * all of them, and lays the answers side by side.
 */
import { shardOfReservation, shardTagOf } from '../../contracts/ids.ts'
import type { Message } from '../../contracts/message.ts'
import type { Money, Snapshot } from '../../contracts/payloads.ts'
import type { RedisClient } from '../../lua/client.ts'
import type { ReservationRecord, ReservationStatus } from '../../lua/record.ts'
import type { Databases } from '../checker/gatherSql.ts'
import { CommandFailed } from '../cli/failure.ts'
import type { Labelled } from '../labels/label.ts'
import type { PaymentState, Situation, TakenSeat, TicketState } from '../labels/situation.ts'
import { readEpochs, readRecords, readSeatOwners, seatKeyOf } from './redisState.ts'
import { type Show, Shows } from './shows.ts'
import {
  type ConversationRow,
  type LiveTicket,
  type ServiceRow,
  selectConversations,
  selectHandled,
  selectLiveTickets,
  selectStates,
} from './sqlState.ts'

/** A letter under any name, which the answer comes under too. */
export interface Asked {
  id: string
  letter: Labelled
  /** What an operator did about it before, in words. */
  dealtWith: string | null
}

export interface Known {
  situation: Situation
  /** What was read, and of when it is: `{ payment: 'captured @ 2026-01-31 10:02:07.123', ... }`. */
  against: Record<string, string>
}

export interface SituationReaderOptions {
  databases: Databases
  redis: RedisClient
  redisShards: number
}

interface Readable extends Asked {
  message: Message
}

interface Answers {
  nowMs: number
  reservations: ReadonlyMap<string, ServiceRow>
  payments: ReadonlyMap<string, ServiceRow>
  ticketings: ReadonlyMap<string, ServiceRow>
  conversations: ReadonlyMap<string, ConversationRow>
  live: ReadonlyMap<string, LiveTicket>
  handled: ReadonlySet<string>
  records: ReadonlyMap<string, ReservationRecord>
  owners: ReadonlyMap<string, string>
}

/** Whoever can tell the situations of letters. */
export type ReadsSituations = Pick<SituationReader, 'read'>

export class SituationReader {
  readonly #options: SituationReaderOptions
  readonly #shows: Shows

  constructor(options: SituationReaderOptions) {
    this.#options = options
    this.#shows = new Shows(options.databases.reservation)
  }

  /**
   * The situations of the letters whose message can be read, by the letters' names.
   *
   * @throws OperationalError or RedisUnavailable when a store does not answer, CommandFailed when
   *   a shard is closed
   */
  async read(asked: readonly Asked[]): Promise<Map<string, Known>> {
    const readable = asked.flatMap((one): Readable[] => {
      const { content } = one.letter
      return content.ok ? [{ ...one, message: content.message }] : []
    })
    if (readable.length === 0) return new Map()
    const answers = await this.#ask(readable)
    return new Map(readable.map((one) => [one.id, this.#lay(one, answers)]))
  }

  async #ask(readable: readonly Readable[]): Promise<Answers> {
    const { databases } = this.#options
    const payloads = readable.map(({ message }) => message.payload as Snapshot)
    const ids = [...new Set(payloads.map(({ reservationId }) => reservationId))]
    const handling = readable.map(({ letter, message }) => ({
      group: letter.group,
      eventId: message.id,
    }))
    await this.#shows.load(payloads.map(({ showId }) => showId))
    const [reservations, payments, ticketings, conversations, live, handled, seen] =
      await Promise.all([
        selectStates(databases.reservation, ids),
        selectStates(databases.payment, ids),
        selectStates(databases.ticket, ids),
        selectConversations(databases.notification, ids),
        selectLiveTickets(databases.ticket, payloads),
        selectHandled(databases, handling),
        this.#askRedis(ids, payloads),
      ])
    return {
      ...{ nowMs: Date.now(), reservations, payments, ticketings, conversations },
      ...{ live, handled, ...seen },
    }
  }

  /**
   * What Redis says is worth something only while the shard is open, in one epoch, all the time:
   * while it is being rebuilt, seats look free that are not.
   */
  async #askRedis(
    ids: readonly string[],
    payloads: readonly Snapshot[],
  ): Promise<Pick<Answers, 'records' | 'owners'>> {
    const { redis, redisShards } = this.#options
    const ours = ids.filter((id) => shardOfReservation(id) < redisShards)
    const places = payloads.flatMap((payload) => this.#placesOf(payload))
    const shards = new Set([...ours.map(shardOfReservation), ...places.map(({ shard }) => shard)])
    const before = await readEpochs(redis, shards)
    const [records, owners] = await Promise.all([
      readRecords(redis, ours),
      readSeatOwners(redis, places),
    ])
    for (const [shard, epoch] of await readEpochs(redis, shards)) {
      if (epoch !== null && epoch === before.get(shard)) continue
      throw new CommandFailed(
        `shard ${shardTagOf(shard)} is closed or being rebuilt, so nobody knows its seats; try again`,
      )
    }
    return { records, owners }
  }

  /** Where the seats of a message lie in Redis; those that do not exist lie nowhere. */
  #placesOf({ showId, seatIds }: Snapshot) {
    const show = this.#shows.get(showId)
    if (!show) return []
    return seatIds.flatMap((seatId) => {
      const index = show.indexOf.get(seatId)
      return index === undefined ? [] : [{ shard: show.shard, showId, index }]
    })
  }

  #lay({ letter, message, dealtWith }: Readable, answers: Answers): Known {
    const payload = message.payload as Snapshot
    const { reservationId, showId } = payload
    const show = this.#shows.get(showId)
    const record = answers.records.get(reservationId)
    const projected = answers.reservations.get(reservationId)
    const payment = answers.payments.get(reservationId)
    const ticketing = answers.ticketings.get(reservationId)
    const conversation = answers.conversations.get(reservationId)
    const situation: Situation = {
      nowMs: answers.nowMs,
      isHandled: answers.handled.has(`${letter.group} ${message.id}`),
      dealtWith,
      unknown: this.#unknownIn(payload, show),
      reservation: reservationOf({ record, projected, show }),
      payment: payment
        ? {
            state: payment.state as PaymentState,
            detail: payment.detail,
            amount: moneyOf(payment),
          }
        : null,
      ticketing: ticketing
        ? { state: ticketing.state as TicketState, reason: ticketing.detail || null }
        : null,
      conversation: conversation
        ? { lastLogId: conversation.lastLogId, said: conversation.said }
        : null,
      ...seatsOf(payload, show, answers.owners),
      inTheWay: obstacleOf(payload, answers.live),
    }
    return {
      situation,
      against: {
        ...(record && { reservation: `${record.status} @ ${record.version}` }),
        ...(!record && projected && { reservation: dated(projected) }),
        ...(payment && { payment: dated(payment) }),
        ...(ticketing && { ticket: dated(ticketing) }),
        ...(conversation && { notification: dated(conversation) }),
        seats: situation.seats,
      },
    }
  }

  #unknownIn({ reservationId, showId, seatIds }: Snapshot, show: Show | null) {
    const shard = shardOfReservation(reservationId)
    if (shard >= this.#options.redisShards) return { what: `shard ${shardTagOf(shard)}` }
    if (!show) return { what: `show ${showId}` }
    const seatId = seatIds.find((one) => !show.indexOf.has(one))
    return seatId === undefined ? null : { what: `seat ${seatId} in show ${showId}` }
  }
}

const dated = ({ state, updatedAtMs }: ServiceRow): string =>
  `${state} @ ${new Date(updatedAtMs).toISOString()}`

/** Redis is the arbiter; SQL remembers what Redis has forgotten. */
function reservationOf(of: {
  record: ReservationRecord | undefined
  projected: ServiceRow | undefined
  show: Show | null
}): Situation['reservation'] {
  const { record, projected, show } = of
  if (record) {
    const { status, reason = null, showId, customerId, amount, seats } = record
    const isSameShow = show?.showId === showId
    const seatIds = isSameShow ? seats.map((index) => show.seatIds[index] ?? `#${index}`) : null
    return { status, reason, showId, customerId, amount, seatIds }
  }
  if (!projected) return null
  const { state, detail, showId } = projected
  const status = state as ReservationStatus
  const amount = moneyOf(projected)
  return { status, reason: detail || null, showId, customerId: null, amount, seatIds: null }
}

const moneyOf = ({ amount: value, currency }: ServiceRow): Money => ({ currency, value })

const HOLDERS: Readonly<Record<string, TakenSeat['by']>> = { h: 'held', s: 'sold', b: 'blocked' }

function seatsOf(
  { reservationId, showId, seatIds }: Snapshot,
  show: Show | null,
  owners: ReadonlyMap<string, string>,
): Pick<Situation, 'seats' | 'taken'> {
  const taken: TakenSeat[] = []
  let own = 0
  for (const seatId of seatIds) {
    const index = show?.indexOf.get(seatId)
    const owner = index === undefined ? undefined : owners.get(seatKeyOf({ showId, index }))
    if (owner === undefined) continue
    if (owner.slice(1) === reservationId) own += 1
    else taken.push({ seatId, by: HOLDERS[owner[0] ?? ''] ?? 'held' })
  }
  if (taken.length > 0) return { seats: 'taken', taken }
  const seats = own === seatIds.length ? 'own' : own === 0 ? 'free' : 'mixed'
  return { seats, taken }
}

function obstacleOf(
  { reservationId, showId, seatIds }: Snapshot,
  live: ReadonlyMap<string, LiveTicket>,
): Situation['inTheWay'] {
  let strongest: Situation['inTheWay'] = 'none'
  for (const seatId of seatIds) {
    const ticket = live.get(`${showId}/${seatId}`)
    if (!ticket || ticket.reservationId === reservationId) continue
    if (ticket.state === 'confirmed') return 'confirmed'
    strongest = 'issued'
  }
  return strongest
}
