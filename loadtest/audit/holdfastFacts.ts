/** The invariants checker's word on a run of Holdfast. */
import type { Facts } from '../../operator/checker/facts.ts'
import { gather, type Stores } from '../../operator/checker/gather.ts'
import { judge } from '../../operator/checker/judge.ts'
import { type Audit, auditOf } from './audit.ts'

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
  auditFacts(await gather(stores))
