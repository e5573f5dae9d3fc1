/**
 * The invariants checker's word on a run of the synchronous baseline: the same judge as for
 * Holdfast, on the facts that both architectures have. There are no messages, and nobody reads the
 * log of a shard, so nothing is asked about either.
 */
import type { Facts } from '../../operator/checker/facts.ts'
import type { Finding } from '../../operator/checker/finding.ts'
import { gatherProvider } from '../../operator/checker/gatherProvider.ts'
import { gatherRedis } from '../../operator/checker/gatherRedis.ts'
import { type Databases, gatherSql } from '../../operator/checker/gatherSql.ts'
import { judge } from '../../operator/checker/judge.ts'
import { createLog } from '../../platform/log.ts'
import { Database } from '../../platform/mysql/database.ts'
import type { BaselineStores } from '../baseline/launch.ts'
import { type Audit, auditOf } from './audit.ts'
import { withPatientRedis } from './patientRedis.ts'

const POOL_SIZE = 2

/**
 * Asks every store of a baseline at rest, and judges.
 * @throws the store's own error when one does not answer
 */
export const auditBaseline = async (stores: BaselineStores): Promise<Audit> =>
  auditBaselineFacts(await gatherBaseline(stores))

/** Judges what was gathered from a baseline at rest. */
export function auditBaselineFacts(facts: Facts): Audit {
  const { services, tickets, records, provider, seats } = facts
  const stateOf = (service: string) => services.filter((one) => one.service === service)
  const notices = stateOf('notification')
  const waiting = notices.filter(({ state }) => state === 'queued' || state === 'sending')
  return auditOf({
    findings: [...judge(withoutMail(facts)), ...judgeOrders(facts)],
    counts: {
      ordersConfirmed: records.filter(({ status }) => status === 'confirmed').length,
      seatsSold: seats.filter(({ owner }) => owner.startsWith('s')).length,
      liveTickets: tickets.filter(({ isLive }) => isLive).length,
      captures: provider.filter(({ kind }) => kind === 'capture').length,
      refunds: provider.filter(({ kind }) => kind === 'refund').length,
      notices: notices.length,
      mailsNotYetSent: waiting.length,
    },
  })
}

/** Mail that is kept and not sent yet is counted, for both architectures, and not judged. */
function withoutMail(facts: Facts): Facts {
  return { ...facts, services: facts.services.filter((one) => one.service !== 'notification') }
}

/** What the checker calls a projection are orders here, which may be unfinished in ways of their own. */
function judgeOrders({ services, records }: Facts): Finding[] {
  const told = new Set(
    services.flatMap(({ service, reservationId }) =>
      service === 'notification' ? [reservationId] : [],
    ),
  )
  const unfinished = services
    .filter(({ service, state }) => service === 'reservation' && UNFINISHED.has(state))
    .map(({ reservationId, state }): Finding => {
      return {
        invariant: 'I6',
        kind: 'unfinished',
        reservationId,
        words: `order ${reservationId} is still ${state}`,
      }
    })
  const untold = records
    .filter(({ status, reservationId }) => status === 'confirmed' && !told.has(reservationId))
    .map(({ reservationId }): Finding => {
      return {
        invariant: 'I6',
        kind: 'unfinished',
        reservationId,
        words: `nobody was told of ${reservationId}`,
      }
    })
  return [...unfinished, ...untold]
}

const UNFINISHED = new Set(['paying', 'reversing'])

/**
 * Asks every store what it knows. The answers agree only when the system is at rest.
 * @throws the store's own error when one does not answer
 */
export async function gatherBaseline(stores: BaselineStores): Promise<Facts> {
  const databases = databasesOf(stores)
  const redisFacts = await withPatientRedis(stores.redisUrl, (redis) =>
    gatherRedis(redis, stores.redisShards),
  )
  try {
    for (const database of Object.values(databases)) await database.start()
    const sqlFacts = await gatherSql(databases)
    const reservationIds = [...new Set(sqlFacts.services.map((one) => one.reservationId))]
    const provider = await gatherProvider(stores.sandboxUrl, reservationIds)
    const shards = redisFacts.shards.map((shard) => ({ ...shard, projected: shard.logTip }))
    const messages = { messages: [], deadLetters: [], lag: [] }
    return { ...redisFacts, ...sqlFacts, ...messages, shards, provider }
  } finally {
    await Promise.all(Object.values(databases).map((database) => database.stop()))
  }
}

function databasesOf({ mysqlUrl, databasePrefix }: BaselineStores): Databases {
  const log = createLog('audit', 'silent')
  const open = (service: string): Database =>
    new Database({
      url: mysqlUrl,
      database: `${databasePrefix}_${service}`,
      poolSize: POOL_SIZE,
      log,
    })
  return {
    // The order service is the home of shows and reservations here.
    reservation: open('order'),
    payment: open('payment'),
    ticket: open('ticket'),
    notification: open('notification'),
  }
}
