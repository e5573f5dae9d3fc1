/**
 * A bad night, with real services: a release of the ticket service that throws at two shows, poison
 * on the topics, a producer that breaks the schema, another that says what is not so, and seats
 * that are sold to somebody else before anybody looks. Leaves dead letters of every label.
 */
import { randomBytes } from 'node:crypto'
import { CONTENT_TYPE } from '../../../contracts/message.ts'
import { deadLetterTopicOf, TOPICS } from '../../../contracts/topics.ts'
import type { KafkaConnection } from '../../../platform/kafka/connection.ts'
import { KafkaProducer, type OutgoingRecord } from '../../../platform/kafka/producer.ts'
import { type ScannedRecord, scan, wholeTopics } from '../../../platform/kafka/scan.ts'
import { recordsIn } from '../../../platform/kafka/topicSizes.ts'
import { uniqueName, waitFor } from '../../../platform/testing/infra.ts'
import { Buyer, createShow } from '../../support/client.ts'
import type { System } from '../../support/system.ts'
import { deployBuggyTicket } from './buggyTicket.ts'

/** How many reservations, and how many of them come to which grief. */
export interface Extent {
  /** Bought and ticketed without trouble. */
  healthy: number
  /** Paid, and kept from their tickets by the bug; the seats are kept for them. */
  kept: number
  /** The same, but their deadline passes and their seats stay free. */
  late: number
  /** The same, but their seats are sold to somebody else. */
  resold: number
  /** Declined, and kept from giving their seats back. */
  declined: number
  /** Declined, and yet somebody publishes that they paid. */
  lied: number
  /** Handled, and a dead letter of them all the same. */
  twice: number
  /** Messages that break the schema, and records that are no messages. */
  broken: number
  /** Lost by the buggy release without a trace; the seats stay free. */
  lost: number
  /** The same, but their seats are sold to somebody else. */
  lostResold: number
}

export interface Bought {
  buyer: Buyer
  reservationId: string
  seatId: string
}

export interface Disaster {
  shows: { healthy: string; kept: string; hurried: string; lost: string }
  /** Seats of the healthy show that nobody has bought. */
  freeSeatIds: string[]
  bought: Record<Exclude<keyof Extent, 'broken'>, Bought[]>
  deadLetters: number
}

const BUYING_AT_ONCE = 16
/** Long enough to be charged on a slow machine, short enough to wait for. */
const HURRIED = { holdTtlMs: 30_000, paymentWindowMs: 4_000 }

export const letterCount = async (connection: KafkaConnection): Promise<number> => {
  const counts = await recordsIn(connection, TOPICS.map(deadLetterTopicOf))
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

export async function disaster(
  system: System,
  connection: KafkaConnection,
  extent: Extent,
): Promise<Disaster> {
  const stage = await Stage.open(system, connection)
  try {
    return await stage.play(extent)
  } finally {
    await stage.producer.stop()
  }
}

class Stage {
  readonly system: System
  readonly connection: KafkaConnection
  readonly producer: KafkaProducer
  readonly shows: Disaster['shows']
  readonly #seats = new Map<string, string[]>()

  private constructor(system: System, connection: KafkaConnection) {
    this.system = system
    this.connection = connection
    this.producer = new KafkaProducer({ connection })
    this.shows = {
      healthy: uniqueName('healthy'),
      kept: uniqueName('kept'),
      hurried: uniqueName('hurried'),
      lost: uniqueName('lost'),
    }
  }

  static async open(system: System, connection: KafkaConnection): Promise<Stage> {
    const stage = new Stage(system, connection)
    await stage.producer.start()
    for (const [name, showId] of Object.entries(stage.shows)) {
      const policy = name === 'hurried' || name === 'lost' ? { policy: HURRIED } : {}
      const size = { showId, rows: 20, seatsPerRow: 50, ...policy }
      stage.#seats.set(showId, await createShow(system, size))
    }
    return stage
  }

  async play(extent: Extent): Promise<Disaster> {
    const { healthy, kept, hurried, lost } = this.shows
    const isBuggy = new Set([kept, hurried])
    const buggy = await deployBuggyTicket(this.system, ({ payload: { showId } }) =>
      showId === lost ? 'lost' : isBuggy.has(showId) ? 'thrown' : 'handled',
    )
    const bought = {
      healthy: await this.#buy(healthy, extent.healthy, 'tok_ok'),
      twice: await this.#buy(healthy, extent.twice, 'tok_ok'),
      declined: await this.#buy(kept, extent.declined, 'tok_declined'),
      lied: await this.#buy(kept, extent.lied, 'tok_declined'),
      kept: await this.#buy(kept, extent.kept, 'tok_ok'),
      late: await this.#buy(hurried, extent.late, 'tok_ok'),
      resold: await this.#buy(hurried, extent.resold, 'tok_ok'),
      lost: await this.#buy(lost, extent.lost, 'tok_ok'),
      lostResold: await this.#buy(lost, extent.lostResold, 'tok_ok'),
    }
    const paid = [...bought.kept, ...bought.late, ...bought.resold]
    const given = paid.length + bought.declined.length + bought.lied.length
    await this.#until('the bug', given)
    await this.#until('the others', given, [...bought.healthy, ...bought.twice])
    const lies = await this.#lie(bought.lied, bought.kept)
    const poison = await this.#poison(extent.broken, bought.healthy)
    await this.#until('the poison', given + lies + poison)
    const copies = await this.#buryAlive(bought.twice)
    await buggy.stop()
    await this.system.services.ticket.restart()
    await this.#resell(bought.resold, hurried)
    await this.#resell(bought.lostResold, lost)
    await this.#expire([...bought.late, ...bought.resold, ...bought.lost])
    const deadLetters = given + lies + poison + copies
    await this.#until('all dead letters', deadLetters)
    const freeSeatIds = this.#seats.get(healthy) ?? []
    return { shows: this.shows, freeSeatIds, bought, deadLetters }
  }

  /** Buys one seat for each of so many buyers. */
  async #buy(showId: string, count: number, card: string): Promise<Bought[]> {
    const bought: Bought[] = []
    const seats = this.#seats.get(showId) ?? []
    const wanted = seats.splice(0, count)
    const crowd = Array.from({ length: BUYING_AT_ONCE }, async () => {
      for (let seatId = wanted.pop(); seatId !== undefined; seatId = wanted.pop()) {
        const buyer = await Buyer.open(this.system.http)
        const held = await buyer.hold(showId, [seatId])
        const { reservationId } = held.body
        const paying = await buyer.checkout(reservationId, card)
        if (paying.status !== 202) throw new Error(`checkout: ${JSON.stringify(paying.body)}`)
        bought.push({ buyer, reservationId, seatId })
      }
    })
    await Promise.all(crowd)
    return bought
  }

  /** Waits for so many dead letters, and for reservations to be confirmed. */
  async #until(what: string, letters: number, confirmed: readonly Bought[] = []): Promise<void> {
    await waitFor(
      `${what}: ${letters} dead letters`,
      async () => {
        const count = await letterCount(this.connection)
        return count === letters || Promise.reject(new Error(`there are ${count}`))
      },
      { timeoutMs: 30_000, everyMs: 100 },
    )
    for (const one of confirmed) await this.#becomes(one, 'confirmed')
  }

  #becomes({ buyer, reservationId }: Bought, status: string): Promise<unknown> {
    return waitFor(
      `${reservationId} to be ${status}`,
      async () => {
        const seen = (await buyer.find(reservationId, 2)).body.status
        return seen === status || Promise.reject(new Error(`it is ${seen}`))
      },
      { timeoutMs: 30_000 },
    )
  }

  /** Somebody publishes payments that never were, made from one that was. */
  async #lie(about: readonly Bought[], models: readonly Bought[]): Promise<number> {
    const [model] = models
    if (!model || about.length === 0) return 0
    const [record] = await this.#messagesOf('payment_create', new Set([model.reservationId]))
    const envelope = JSON.parse(String(record?.value))
    const lies = about.map(({ reservationId, seatId, buyer }) => {
      const payload = { ...envelope.data.payload, reservationId, seatIds: [seatId] }
      const id = `lie-${reservationId}`
      return recordOf('payment_create', reservationId, {
        ...{ ...envelope, id, subject: reservationId },
        data: { ...envelope.data, payload: { ...payload, customerId: buyer.customerId } },
      })
    })
    await this.producer.send(lies)
    return lies.length
  }

  /** Broken messages and no messages at all, on the topics of the ticket service. */
  async #poison(count: number, models: readonly Bought[]): Promise<number> {
    const ids = new Set(models.slice(0, count).map(({ reservationId }) => reservationId))
    const records = await this.#messagesOf('payment_create', ids)
    const broken = records.map((record, at) => {
      const envelope = JSON.parse(String(record.value))
      const key = String(record.key)
      if (at % 3 === 0) return { topic: 'payment_create', key, value: randomBytes(64) }
      if (at % 3 === 1) return { topic: 'payment_create', key, value: null }
      envelope.id = `broken-${key}`
      envelope.data.payload.amount = 'a lot'
      return recordOf('payment_create', key, envelope)
    })
    await this.producer.send(broken)
    return broken.length
  }

  /**
   * What a consumer leaves behind that dies between burying a message and committing its offset,
   * when the next one, with the bug mended, handles the message after all.
   */
  async #buryAlive(handled: readonly Bought[]): Promise<number> {
    const ids = new Set(handled.map(({ reservationId }) => reservationId))
    const records = await this.#messagesOf('payment_create', ids)
    const headers = { ...DIAGNOSIS, dlq_topic: 'payment_create', dlq_replays: '0' }
    await this.producer.send(
      records.map(({ key, value, partition, offset }) => ({
        ...{ topic: 'payment_create.DLQ', key, value },
        headers: { ...headers, dlq_partition: String(partition), dlq_offset: offset },
      })),
    )
    return records.length
  }

  async #messagesOf(topic: string, reservationIds: ReadonlySet<string>): Promise<ScannedRecord[]> {
    const found: ScannedRecord[] = []
    await scan({
      connection: this.connection,
      stretches: (admin) => wholeTopics(admin, [topic]),
      each: (records) => {
        found.push(...records.filter(({ key }) => reservationIds.has(String(key))))
      },
    })
    return found
  }

  /** Others buy the seats as soon as the deadline has given them back. */
  async #resell(sold: readonly Bought[], showId: string): Promise<void> {
    await Promise.all(
      sold.map(async (late) => {
        await this.#becomes(late, 'expired')
        const buyer = await Buyer.open(this.system.http)
        const { reservationId } = (await buyer.hold(showId, [late.seatId])).body
        await buyer.checkout(reservationId, 'tok_ok')
        await this.#becomes({ ...late, buyer, reservationId }, 'confirmed')
      }),
    )
  }

  async #expire(late: readonly Bought[]): Promise<void> {
    await Promise.all(late.map((one) => this.#becomes(one, 'expired')))
  }
}

/** A message that nobody can read, and that has been replayed in vain so many times. */
export async function buryAgain(
  connection: KafkaConnection,
  { reservationId }: Bought,
  replays: number,
): Promise<void> {
  const producer = new KafkaProducer({ connection })
  await producer.start()
  const headers = { ...DIAGNOSIS, dlq_topic: 'seat_cancel', dlq_replays: String(replays) }
  await producer.send([{ topic: 'seat_cancel.DLQ', key: reservationId, value: '{', headers }])
  await producer.stop()
}

const DIAGNOSIS = {
  dlq_group: 'ticket',
  dlq_attempts: '1',
  dlq_error_class: 'TypeError',
  dlq_error_message: "Cannot read properties of undefined (reading 'gate')",
  dlq_first_failed_at: '2026-01-01T00:00:00.000Z',
}

const recordOf = (topic: string, key: string, envelope: object): OutgoingRecord => ({
  ...{ topic, key, value: JSON.stringify(envelope) },
  headers: { 'content-type': CONTENT_TYPE },
})
