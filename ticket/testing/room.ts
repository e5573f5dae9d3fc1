/** A ticket service without Kafka, for tests: its real handlers on a real database of its own. */
import { randomUUID } from 'node:crypto'
import { base32Of, reservationIdOf, ticketIdOf } from '../../contracts/ids.ts'
import { decodeMessage, type Message, type MessageOf } from '../../contracts/message.ts'
import type { CancelReason, PaymentFailure, Snapshot } from '../../contracts/payloads.ts'
import { inTransaction, transactional, type UnitOfWork } from '../../platform/inbox/unitOfWork.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { KafkaProducer } from '../../platform/kafka/producer.ts'
import { createLog } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import { Database } from '../../platform/mysql/database.ts'
import { migrate } from '../../platform/mysql/migrate.ts'
import { Outbox } from '../../platform/outbox/outbox.ts'
import type { Repeated } from '../../platform/repeated.ts'
import { freshDatabasePrefix, testMysqlUrl, uniqueName } from '../../platform/testing/infra.ts'
import { ticketHandlers } from '../handlers.ts'
import { TICKET_MIGRATIONS } from '../service.ts'
import { sweepWaiting, waitingSweep } from '../sweep.ts'

export const WAITING_RECHECK_MS = 200

const log = createLog('ticket-test', 'silent')

export interface TicketRoom {
  db: Database
  /** Handles a batch as a consumer would; two of them are two instances of the service. */
  apply(messages: readonly Message[]): Promise<void>
  applyElsewhere(messages: readonly Message[]): Promise<void>
  /** The sweep as the service runs it, not started. */
  sweep: Repeated
  /** One look of it. */
  sweepOnce(): Promise<number>
  /** What was published, in the order of the outbox: `<topic> <reservation id>`. */
  published(): Promise<Message[]>
  stateOf(reservation: Snapshot): Promise<string | null>
  close(): Promise<void>
}

export async function openTicketRoom(): Promise<TicketRoom> {
  const db = new Database({
    url: await testMysqlUrl(),
    database: `${freshDatabasePrefix()}_ticket`,
    poolSize: 8,
    log,
  })
  await db.start()
  await migrate(db, [TICKET_MIGRATIONS])
  const outbox = idleOutbox(db)
  const options = { waitingRecheckMs: WAITING_RECHECK_MS }
  const handlers = ticketHandlers(options)
  const consume = () => transactional({ db, consumer: 'ticket', outbox, handlers })
  const [apply, applyElsewhere] = [consume(), consume()]
  const sweeping = {
    db,
    inTransaction: (work: (unit: UnitOfWork) => Promise<void>) =>
      inTransaction({ db, outbox }, work),
    ...options,
  }
  return {
    db,
    apply: (messages) => apply([...messages]),
    applyElsewhere: (messages) => applyElsewhere([...messages]),
    sweep: waitingSweep({ ...sweeping, intervalMs: 20, log }),
    sweepOnce: () => sweepWaiting(sweeping),
    published: () => publishedIn(db),
    async stateOf({ reservationId }) {
      const [row] = await db.query<{ state: string }>(
        'SELECT state FROM ticketings WHERE reservation_id = ?',
        [reservationId],
      )
      return row?.state ?? null
    },
    async close() {
      await db.execute(`DROP DATABASE ${db.database}`)
      await db.stop()
    },
  }
}

/** Never started, so that what is published stays in its table, where the tests read it. */
function idleOutbox(db: Database): Outbox {
  const metrics = new Metrics()
  const connection = new KafkaConnection({ brokers: '127.0.0.1:1', clientId: 'none', log })
  const producer = new KafkaProducer({ connection })
  return new Outbox({ db, producer, source: '/ticket', log, metrics })
}

async function publishedIn(db: Database): Promise<Message[]> {
  const rows = await db.query<{ topic: string; body: string }>(
    'SELECT topic, body FROM outbox ORDER BY id',
  )
  return rows.map(({ topic, body }) => {
    const decoded = decodeMessage(topic, body)
    if (!decoded.ok) throw new Error(decoded.reason)
    return decoded.message
  })
}

/** A reservation of its own on `seatIds`. */
export function reserve(showId: string, ...seatIds: string[]): Snapshot {
  return {
    reservationId: reservationIdOf(7, Buffer.from(randomUUID().replaceAll('-', ''), 'hex')),
    showId,
    customerId: `c_${base32Of(Buffer.from(randomUUID().slice(0, 8), 'hex'))}`,
    seatIds,
    amount: { currency: 'KRW', value: 120_000 * seatIds.length },
    contact: { email: 'buyer@example.com', locale: 'ko-KR' },
    show: { name: 'Winter Lights', startsAt: '2027-01-15T10:30:00.000Z' },
  }
}

export const newShow = (): string => uniqueName('show')

const paymentIdOf = ({ reservationId }: Snapshot): string => `payment-of-${reservationId}`

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const TIME = '2026-11-21T10:00:00.000Z'

const envelope = (source: string) => ({
  id: randomUUID(),
  source,
  time: TIME,
  traceparent: TRACE,
})

export const paid = (of: Snapshot): MessageOf<'payment_create'> => ({
  ...envelope('/payment'),
  topic: 'payment_create',
  payload: { ...of, paymentId: paymentIdOf(of), capturedAt: TIME, providerRef: 'ch_1' },
})

export const unpaid = (
  of: Snapshot,
  reason: PaymentFailure = 'payment_declined',
): MessageOf<'payment_fail'> => ({
  ...envelope('/payment'),
  topic: 'payment_fail',
  payload: { ...of, paymentId: paymentIdOf(of), reason },
})

export const seatsSold = (of: Snapshot): MessageOf<'seat_confirm'> => ({
  ...envelope('/reservation'),
  topic: 'seat_confirm',
  payload: {
    ...of,
    paymentId: paymentIdOf(of),
    tickets: of.seatIds.map((seatId, index) => ({
      ticketId: ticketIdOf(of.reservationId, index + 1),
      seatId,
    })),
  },
})

export const seatsLost = (
  of: Snapshot,
  reason: CancelReason = 'seat_conflict',
): MessageOf<'seat_cancel'> => ({
  ...envelope('/reservation'),
  topic: 'seat_cancel',
  payload: { ...of, reason },
})
