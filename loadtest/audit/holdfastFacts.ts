/** The invariants checker's word on a run of Holdfast. */
import type { Facts } from '../../operator/checker/facts.ts'
import type { Stores } from '../../operator/checker/gather.ts'
import { gatherKafka } from '../../operator/checker/gatherKafka.ts'
import { gatherProvider } from '../../operator/checker/gatherProvider.ts'
import { gatherRedis } from '../../operator/checker/gatherRedis.ts'
import { type Databases, gatherSql } from '../../operator/checker/gatherSql.ts'
import { judge } from '../../operator/checker/judge.ts'
import { KafkaConnection } from '../../platform/kafka/connection.ts'
import { Database } from '../../platform/mysql/database.ts'
import { type Audit, auditOf } from './audit.ts'
import { withPatientRedis } from './patientRedis.ts'

const POOL_SIZE = 2

const MAIL_ON_ITS_WAY: ReadonlySet<string> = new Set(['queued', 'sending'])

/**
 * Mail leaves at the pace that the mail server is granted, long after a run of thousands of orders
 * per second; the notice that belongs to an order is its row. The mail that has not left yet is
 * counted and not judged, for both architectures.
 */
function withoutMail(facts: Facts): Facts {
  const services = facts.services.filter(
    ({ service, state }) => service !== 'notification' || !MAIL_ON_ITS_WAY.has(state),
  )
  return { ...facts, services }
}

const countOf = <T>(list: readonly T[], isCounted: (one: T) => boolean): number =>
  list.reduce((count, one) => count + (isCounted(one) ? 1 : 0), 0)

/** Judges what was gathered from a system at rest. */
export function auditFacts(facts: Facts): Audit {
  const { services, tickets, records, provider, messages, deadLetters } = facts
  return auditOf({
    findings: judge(withoutMail(facts)),
    counts: {
      ordersConfirmed: countOf(records, ({ status }) => status === 'confirmed'),
      seatsSold: countOf(facts.seats, ({ owner }) => owner.startsWith('s')),
      liveTickets: countOf(tickets, ({ isLive }) => isLive),
      captures: countOf(provider, ({ kind }) => kind === 'capture'),
      refunds: countOf(provider, ({ kind }) => kind === 'refund'),
      notices: countOf(services, ({ service }) => service === 'notification'),
      mailsNotYetSent: countOf(
        services,
        ({ service, state }) => service === 'notification' && MAIL_ON_ITS_WAY.has(state),
      ),
      messages: messages.length,
      deadLetters: deadLetters.length,
    },
  })
}

/** Asks every store and judges; a large run takes some seconds and gigabytes. */
export const auditStores = async (stores: Stores): Promise<Audit> =>
  auditFacts(await gatherCalmly(stores))

/**
 * What the checker's own `gather` asks, but one store after the other: the answers of a large run
 * keep this process so busy that a second store would seem not to answer in time.
 */
async function gatherCalmly(stores: Stores): Promise<Facts> {
  const { redisUrl, redisShards, mysqlUrl, databasePrefix, kafkaBrokers, sandboxUrl, log } = stores
  const redisFacts = await withPatientRedis(redisUrl, (redis) => gatherRedis(redis, redisShards))
  const databases = openDatabases({ mysqlUrl, databasePrefix, log })
  try {
    for (const database of Object.values(databases)) await database.start()
    const sqlFacts = await gatherSql(databases)
    const connection = new KafkaConnection({ brokers: kafkaBrokers, clientId: 'audit', log })
    const kafkaFacts = await gatherKafka(connection)
    const charged = sqlFacts.services.filter(({ service }) => service === 'payment')
    const reservationIds = [...new Set(charged.map(({ reservationId }) => reservationId))]
    const provider =
      sandboxUrl === null ? sqlFacts.ledger : await gatherProvider(sandboxUrl, reservationIds)
    return { ...redisFacts, ...sqlFacts, ...kafkaFacts, provider }
  } finally {
    await Promise.all(Object.values(databases).map((database) => database.stop()))
  }
}

function openDatabases({
  mysqlUrl,
  databasePrefix,
  log,
}: Pick<Stores, 'mysqlUrl' | 'databasePrefix' | 'log'>): Databases {
  const open = (service: string): Database =>
    new Database({
      url: mysqlUrl,
      database: `${databasePrefix}_${service}`,
      poolSize: POOL_SIZE,
      log,
    })
  return {
    reservation: open('reservation'),
    payment: open('payment'),
    ticket: open('ticket'),
    notification: open('notification'),
  }
}
