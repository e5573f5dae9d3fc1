/**
 * A release of the ticket service with bugs in it: it throws a TypeError at some messages and
 * loses others without a trace. It works on the system's own database and consumer group, in place
 * of the real service.
 */
import type { Message } from '../../../contracts/message.ts'
import { transactional } from '../../../platform/inbox/unitOfWork.ts'
import { KafkaConnection } from '../../../platform/kafka/connection.ts'
import { MessageConsumer } from '../../../platform/kafka/consumer.ts'
import { KafkaProducer } from '../../../platform/kafka/producer.ts'
import { createLog } from '../../../platform/log.ts'
import { Metrics } from '../../../platform/metrics.ts'
import { Database } from '../../../platform/mysql/database.ts'
import { Outbox } from '../../../platform/outbox/outbox.ts'
import { TICKET_TOPICS, ticketHandlers } from '../../../ticket/handlers.ts'
import type { System } from '../../support/system.ts'

export type Fate = 'handled' | 'thrown' | 'lost'

export interface BuggyTicket {
  stop(): Promise<void>
}

/** Takes the ticket service down and puts the buggy release in its place. */
export async function deployBuggyTicket(
  system: System,
  fateOf: (message: Message) => Fate,
): Promise<BuggyTicket> {
  await system.services.ticket.stop()
  const log = createLog('buggy-ticket', 'silent')
  const metrics = new Metrics()
  const { mysqlUrl: url, kafkaBrokers: brokers } = system.infra
  const db = new Database({ url, database: `${system.databasePrefix}_ticket`, poolSize: 6, log })
  const connection = new KafkaConnection({ brokers, clientId: 'buggy-ticket', log })
  const producer = new KafkaProducer({ connection })
  const outbox = new Outbox({ db, producer, source: '/ticket', log, metrics })
  const handlers = ticketHandlers({ waitingRecheckMs: 1_000 })
  const handle = transactional({ db, consumer: 'ticket', outbox, handlers })
  const consumer = new MessageConsumer({
    ...{ connection, group: 'ticket', topics: TICKET_TOPICS, producer, log, metrics },
    async apply(messages) {
      if (messages.some((message) => fateOf(message) === 'thrown')) {
        throw new TypeError("Cannot read properties of undefined (reading 'gate')")
      }
      await handle(messages.filter((message) => fateOf(message) === 'handled'))
    },
  })
  const components = [db, producer, outbox, consumer]
  for (const component of components) await component.start()
  return {
    async stop() {
      for (const component of components.toReversed()) await component.stop()
    },
  }
}
