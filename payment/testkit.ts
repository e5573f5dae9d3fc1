/** For tests of this room: the payment workers on a real database against a real sandbox. */
import { randomBytes } from 'node:crypto'
import { reservationIdOf } from '../contracts/ids.ts'
import { decodeMessage, type Message, type MessageOf } from '../contracts/message.ts'
import type { PayloadOf, Snapshot } from '../contracts/payloads.ts'
import type { Topic } from '../contracts/topics.ts'
import { isDependencyDown } from '../platform/errors.ts'
import { transactional } from '../platform/inbox/unitOfWork.ts'
import type { Apply } from '../platform/kafka/consumer.ts'
import type { RecordSender } from '../platform/kafka/producer.ts'
import type { Component } from '../platform/lifecycle.ts'
import { createLog } from '../platform/log.ts'
import { Metrics } from '../platform/metrics.ts'
import { Database } from '../platform/mysql/database.ts'
import { migrate } from '../platform/mysql/migrate.ts'
import { Outbox } from '../platform/outbox/outbox.ts'
import {
  freshDatabasePrefix,
  testMysqlUrl,
  uniqueName,
  waitFor,
} from '../platform/testing/infra.ts'
import type { PaymentState } from './domain/paying.ts'
import { SandboxGateway } from './gateways/sandbox.ts'
import { paymentHandlers } from './handlers.ts'
import { paymentIdOf } from './ids.ts'
import type { Charge, Refund } from './sandbox/records.ts'
import { buildSandbox, type Sandbox, type SandboxOptions } from './sandbox/sandbox.ts'
import { buildWorkers, MIGRATIONS, type PaymentWorkers } from './service.ts'

export const WEBHOOK_SECRET = 'a secret for the payment tests'
export const PRICE = { currency: 'KRW', value: 120_000 }

export const newReservationId = (): string => reservationIdOf(7, randomBytes(16))

export function snapshotFor(reservationId: string): Snapshot {
  return {
    reservationId,
    showId: 'show-1',
    customerId: 'guest-1',
    seatIds: ['A-1-1', 'A-1-2'],
    amount: PRICE,
    contact: { email: 'buyer@example.org', locale: 'ko' },
    show: { name: '밤의 노래', startsAt: '2030-01-01T19:00:00.000Z' },
  }
}

type Extra<T extends Topic> = Omit<PayloadOf<T>, keyof Snapshot> & Partial<Snapshot>

/** A message about a reservation, with an id of its own unless one is given. */
export function messageFor<T extends Topic>(
  topic: T,
  reservationId: string,
  extra: Extra<T>,
  options: { id?: string; traceparent?: string } = {},
): MessageOf<T> {
  return {
    id: options.id ?? uniqueName('m'),
    topic,
    source: '/reservation',
    time: new Date().toISOString(),
    ...(options.traceparent && { traceparent: options.traceparent }),
    payload: { ...snapshotFor(reservationId), ...extra } as PayloadOf<T>,
  }
}

export const requestFor = (
  reservationId: string,
  token: string,
  options: { payInMs?: number; traceparent?: string } = {},
) =>
  messageFor(
    'payment_request',
    reservationId,
    {
      paymentToken: token,
      payBy: new Date(Date.now() + (options.payInMs ?? 60_000)).toISOString(),
    },
    options,
  )

export const expiryFor = (reservationId: string, phase: 'held' | 'paying' = 'paying') =>
  messageFor('seat_expired', reservationId, { expiredAt: new Date().toISOString(), phase })

export const cancellationFor = (
  reservationId: string,
  reason: PayloadOf<'ticket_cancel'>['reason'] = 'late_payment',
) => messageFor('ticket_cancel', reservationId, { reason })

export interface PaymentRow {
  state: PaymentState
  stop: number
  unanswered: number
  attempts: number
  reason: string | null
  provider_ref: string | null
  due_at: number | null
}

export interface Bench {
  db: Database
  outbox: Outbox
  gateway: SandboxGateway
  workers: PaymentWorkers
  metrics: Metrics
  sandbox: Sandbox
  /** Handles messages as the consumer would: with inbox, transaction and outbox. */
  feed: Apply
  rowOf(reservationId: string): Promise<PaymentRow | undefined>
  /** Waits until the payment is in one of the states. */
  until(reservationId: string, ...states: PaymentState[]): Promise<PaymentRow>
  /** Messages published about the reservation, oldest first. */
  published(reservationId: string): Promise<Message[]>
  /** Sums and kinds of the reservation's ledger entries. */
  ledger(reservationId: string): Promise<{ kind: string; amount: number }[]>
  charges(reservationId: string): Promise<Charge[]>
  refunds(reservationId: string): Promise<Refund[]>
  control(change: { down?: boolean; latencyMs?: number }): Promise<void>
  /** Another instance of the workers on the same database and sandbox. */
  another(): Promise<Bench>
  stop(): Promise<void>
}

export interface BenchOptions {
  concurrency?: number
  callMsMax?: number
  /** False: nothing sweeps, so only what is handed over in-process is worked on. */
  sweeps?: boolean
  sandbox?: Partial<SandboxOptions>
}

/** The records go nowhere: tests read what was published from the outbox table. */
const nowhere: RecordSender = { async send() {} }

export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const log = createLog('payment-test', 'silent')
  const sandbox = buildSandbox({
    port: 0,
    latencyMs: 2,
    recordsMax: 100_000,
    dataDir: null,
    webhook: null,
    log,
    ...options.sandbox,
  })
  for (const component of sandbox.components) await component.start()
  const url = await testMysqlUrl()
  const database = `${freshDatabasePrefix()}_payment`
  const db = new Database({ url, database, poolSize: 8, log })
  await db.start()
  await migrate(db, [MIGRATIONS])
  const bench = await startBench({ url, database, sandbox, options })
  return {
    ...bench,
    async stop() {
      await bench.stop()
      await db.execute(`DROP DATABASE ${database}`)
      await db.stop()
      for (const component of [...sandbox.components].reverse()) await component.stop()
    },
  }
}

async function startBench(where: {
  url: string
  database: string
  sandbox: Sandbox
  options: BenchOptions
}): Promise<Bench> {
  const { sandbox, options } = where
  const log = createLog('payment-test', 'silent')
  const { callMsMax = 3_000, concurrency = 64 } = options
  const metrics = new Metrics()
  const db = new Database({ ...where, poolSize: 8, log })
  const outbox = new Outbox({ db, producer: nowhere, source: '/payment', log, metrics })
  const gateway = new SandboxGateway({
    url: sandbox.server.url,
    callMsMax,
    webhookSecret: WEBHOOK_SECRET,
  })
  const workers = buildWorkers({
    db,
    outbox,
    gateway,
    concurrency,
    callMsMax,
    waitingMax: 1_000,
    metrics,
    log,
  })
  const { outcomes, charger, refunder, sweep } = workers
  const sweeping: Component[] = options.sweeps === false ? [] : [sweep]
  const components = [db, outbox, gateway, outcomes, charger, refunder, ...sweeping]
  for (const component of components) await component.start()
  const handlers = paymentHandlers(workers)
  return {
    ...readersOf(db, sandbox),
    db,
    outbox,
    gateway,
    workers,
    metrics,
    sandbox,
    feed: patiently(transactional({ db, consumer: 'payment', outbox, handlers })),
    another: () => startBench(where),
    async stop() {
      for (const component of components.reverse()) await component.stop()
    },
  }
}

/** Like the consumer: what fails for a reason that passes is tried again. */
function patiently(apply: Apply): Apply {
  return async (messages) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await apply(messages)
      } catch (error) {
        if (!isDependencyDown(error) || attempt === 10) throw error
      }
    }
  }
}

function readersOf(db: Database, sandbox: Sandbox) {
  const rowOf = async (reservationId: string): Promise<PaymentRow | undefined> => {
    const rows = await db.query<PaymentRow>(
      `SELECT payments.*, ledger.provider_ref FROM payments LEFT JOIN ledger
         ON ledger.payment_id = payments.payment_id AND ledger.kind = 'capture'
       WHERE reservation_id = ?`,
      [reservationId],
    )
    return rows[0]
  }
  const list = async (kind: string, reservationId: string): Promise<never> => {
    const response = await fetch(`${sandbox.server.url}/v1/${kind}?reservationId=${reservationId}`)
    return ((await response.json()) as Record<string, never>)[kind] as never
  }
  return {
    rowOf,
    until: (reservationId: string, ...states: PaymentState[]) =>
      waitFor(
        `${reservationId} to be ${states.join(' or ')}`,
        async () => {
          const row = await rowOf(reservationId)
          return row && states.includes(row.state) ? row : null
        },
        { timeoutMs: 20_000 },
      ),
    async published(reservationId: string): Promise<Message[]> {
      const rows = await db.query<{ topic: string; body: string }>(
        'SELECT topic, body FROM outbox WHERE event_key = ? ORDER BY id',
        [reservationId],
      )
      return rows.map(({ topic, body }) => {
        const decoded = decodeMessage(topic, body)
        if (!decoded.ok) throw new Error(`${topic} ${decoded.reason}`)
        return decoded.message
      })
    },
    ledger: (reservationId: string) =>
      db.query<{ kind: string; amount: number }>(
        'SELECT kind, amount FROM ledger WHERE payment_id = ? ORDER BY entry_id',
        [paymentIdOf(reservationId)],
      ),
    charges: (reservationId: string): Promise<Charge[]> => list('charges', reservationId),
    refunds: (reservationId: string): Promise<Refund[]> => list('refunds', reservationId),
    async control(change: object): Promise<void> {
      const response = await fetch(`${sandbox.server.url}/v1/control`, {
        method: 'POST',
        body: JSON.stringify(change),
      })
      if (!response.ok) throw new Error(await response.text())
    },
  }
}
