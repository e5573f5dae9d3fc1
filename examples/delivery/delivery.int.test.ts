import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reservationIdOf, ticketIdOf } from '../../contracts/ids.ts'
import { decodeMessage, encodeMessage, type Message } from '../../contracts/message.ts'
import { commonSpec, loadConfig } from '../../platform/config.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { KafkaProducer } from '../../platform/kafka/producer.ts'
import type { Component } from '../../platform/lifecycle.ts'
import { createLog } from '../../platform/log.ts'
import { Database } from '../../platform/mysql/database.ts'
import { freshDatabasePrefix, testInfra, waitFor } from '../../platform/testing/infra.ts'
import { createDeliveryService } from './service.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const log = createLog('delivery-test', 'silent')

/** The golden sample of seat_confirm, as the seat service publishes it, for a new reservation. */
function confirmation(): Message & { topic: 'seat_confirm' } {
  const sample = readFileSync(join(ROOT, 'contracts/samples/seat_confirm.v1.json'), 'utf8')
  const decoded = decodeMessage('seat_confirm', sample)
  if (!decoded.ok || decoded.message.topic !== 'seat_confirm') throw new Error('a bad sample')
  const { message } = decoded
  const digest = Buffer.from(randomUUID().replaceAll('-', ''), 'hex')
  const reservationId = reservationIdOf(7, digest)
  const tickets = message.payload.tickets.map(({ seatId }, index) => ({
    ticketId: ticketIdOf(reservationId, index + 1),
    seatId,
  }))
  return {
    ...message,
    id: `s07-${digest.readUIntBE(0, 6)}-0`,
    payload: { ...message.payload, reservationId, tickets },
  }
}

describe('the delivery subscriber', () => {
  let db: Database
  let producer: KafkaProducer
  let components: Component[] = []

  beforeAll(async () => {
    const { kafkaBrokers, mysqlUrl } = await testInfra()
    const prefix = freshDatabasePrefix()
    const config = loadConfig(commonSpec, {
      KAFKA_BROKERS: kafkaBrokers,
      MYSQL_URL: mysqlUrl,
      MYSQL_DATABASE_PREFIX: prefix,
    })
    db = new Database({ url: mysqlUrl, database: `${prefix}_delivery`, poolSize: 2, log })
    await db.start()
    const connection = new KafkaConnection({ brokers: kafkaBrokers, clientId: 'test', log })
    producer = new KafkaProducer({ connection })
    await producer.start()
    components = createDeliveryService(config, log)
    for (const component of components) await component.start()
  })

  afterAll(async () => {
    for (const component of components.toReversed()) await component.stop()
    await producer?.stop()
    await db?.execute(`DROP DATABASE ${db.database}`)
    await db?.stop()
  })

  const publish = (messages: readonly Message[]): Promise<true> =>
    waitFor('Kafka to take the messages', async () => {
      await producer.send(
        messages.map((message) => ({
          topic: message.topic,
          key: message.payload.reservationId,
          value: encodeMessage(message),
        })),
      )
      return true as const
    })

  it('makes one shipment of each confirmation that all the others get too, also of a repeated one', async () => {
    const all = Array.from({ length: 20 }, confirmation)
    await publish([...all, ...all])
    const last = confirmation()
    await publish([last, ...all])
    const ids = [...all, last].map((message) => message.payload.reservationId)
    const shipments = await waitFor('the shipments', async () => {
      const rows = await db.query<{ tickets: number; state: string; customer_id: string }>(
        'SELECT tickets, state, customer_id FROM shipments WHERE reservation_id IN (?)',
        [ids],
      )
      return rows.length >= ids.length ? rows : null
    })
    expect(shipments).toHaveLength(ids.length)
    expect(shipments[0]).toEqual({ tickets: 2, state: 'to_pack', customer_id: 'c_4vq2m8' })
  })
})

describe('no producer', () => {
  const sourcesIn = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(ROOT, folder, file))

  const importsOf = (file: string): string[] =>
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map(([, path]) =>
      relative(ROOT, resolve(file, '..', path as string)),
    )

  it('knows this subscriber', () => {
    const rooms = [
      'contracts',
      'platform',
      'lua',
      'reservation',
      'payment',
      'ticket',
      'notification',
    ]
    const imports = rooms.flatMap(sourcesIn).flatMap(importsOf)
    expect(imports.length).toBeGreaterThan(100)
    expect(imports.filter((path) => path.startsWith('examples/'))).toEqual([])
  })

  it('is known to it: the contract and the platform are all it needs', () => {
    const imports = sourcesIn('examples/delivery').flatMap(importsOf)
    const rooms = new Set(imports.map((path) => path.split('/')[0]))
    expect(rooms).toEqual(new Set(['contracts', 'platform', 'examples']))
  })
})
