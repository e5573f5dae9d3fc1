/** The numbers that the payment service shows to Prometheus. */
import type { Metrics } from '../platform/metrics.ts'
import type { Change, Verdict } from './book.ts'
import type { PaymentState } from './domain/paying.ts'
import type { OpenPayments } from './dueStore.ts'
import type { PaymentEvent } from './events.ts'

/** States in which something is still to be done. */
const OPEN = ['requested', 'charging', 'refunding'] as const
const OPEN_CACHE_MS = 500

export type CallKind = 'charge' | 'refund'

export interface Figures {
  changed(changes: readonly Pick<Change, 'from' | 'to'>[]): void
  judged(type: PaymentEvent['type'], verdict: Verdict): void
  /** A call to the provider that ended; `seconds` from its start. */
  called(kind: CallKind, answer: string, seconds: number): void
  /** A webhook request that was answered. */
  webhook(result: string): void
}

export function paymentFigures(
  metrics: Metrics,
  sources: {
    inFlight: () => Record<string, number>
    open: () => Promise<OpenPayments[]>
    waitingMax: number
  },
): Figures {
  const transitions = metrics.counter(
    'holdfast_payment_transitions_total',
    'Changes of state, from none on',
    ['from', 'to'],
  )
  const outcomes = metrics.counter(
    'holdfast_payment_outcomes_total',
    'Answers of the provider and webhook events, by what became of them',
    ['type', 'verdict'],
  )
  const calls = metrics.histogram(
    'holdfast_payment_provider_call_seconds',
    'Calls to the payment provider',
    { labelNames: ['call', 'answer'] },
  )
  const webhooks = metrics.counter(
    'holdfast_payment_webhooks_total',
    'Webhook requests by how they were answered',
    ['result'],
  )
  addGauges(metrics, sources)
  return {
    changed(changes) {
      const counts = new Map<string, number>()
      for (const { from, to } of changes) {
        const key = `${from ?? 'none'} ${to}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
      for (const [key, count] of counts) {
        const [from = '', to = ''] = key.split(' ')
        transitions.inc({ from, to }, count)
      }
    },
    judged: (type, verdict) => outcomes.inc({ type, verdict }),
    called: (call, answer, seconds) => calls.observe({ call, answer }, seconds),
    webhook: (result) => webhooks.inc({ result }),
  }
}

function addGauges(metrics: Metrics, sources: Parameters<typeof paymentFigures>[1]): void {
  metrics.gauge('holdfast_payment_calls_in_flight', 'Calls to the provider under way', {
    labelNames: ['lane'],
    collect(gauge) {
      for (const [lane, count] of Object.entries(sources.inFlight())) gauge.set({ lane }, count)
    },
  })
  metrics.gauge('holdfast_payments_waiting_max', 'So many may wait to be charged', {
    collect: (gauge) => gauge.set(sources.waitingMax),
  })
  // All gauges of one reading share one question to SQL.
  let asked: { atMs: number; open: Promise<OpenPayments[] | null> } | null = null
  const figureOf = async (state: PaymentState, figure: 'count' | 'oldestDueMs') => {
    const atMs = performance.now()
    if (!asked || atMs - asked.atMs > OPEN_CACHE_MS) {
      // The other metrics are wanted most of all while SQL is away.
      asked = { atMs, open: sources.open().catch(() => null) }
    }
    const open = await asked.open
    return open ? (open.find((one) => one.state === state)?.[figure] ?? 0) : Number.NaN
  }
  metrics.gauge('holdfast_payments_waiting', 'Payments that wait to be charged', {
    collect: async (gauge) => gauge.set(await figureOf('requested', 'count')),
  })
  metrics.gauge('holdfast_payments_open', 'Payments that are not settled', {
    labelNames: ['state'],
    async collect(gauge) {
      for (const state of OPEN) gauge.set({ state }, await figureOf(state, 'count'))
    },
  })
  metrics.gauge('holdfast_payment_oldest_due_seconds', 'How long the oldest payment has been due', {
    labelNames: ['state'],
    async collect(gauge) {
      for (const state of OPEN) {
        gauge.set({ state }, Math.max(0, (await figureOf(state, 'oldestDueMs')) / 1_000))
      }
    },
  })
}
