/** The numbers that the payment service shows to Prometheus. */
import type { Metrics } from '../platform/metrics.ts'
import type { Change, Verdict } from './book.ts'
import type { PaymentEvent } from './events.ts'
import type { OpenPayments } from './store.ts'

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
  const waiting = metrics.gauge('holdfast_payments_waiting', 'Payments that wait to be charged')
  const oldest = metrics.gauge(
    'holdfast_payment_oldest_due_seconds',
    'How long the oldest open payment has been due',
    { labelNames: ['state'] },
  )
  metrics.gauge('holdfast_payments_open', 'Payments that are not settled', {
    labelNames: ['state'],
    async collect(gauge) {
      const open = await sources.open()
      for (const state of ['requested', 'charging', 'refunding']) {
        const { count = 0, oldestDueMs = 0 } = open.find((one) => one.state === state) ?? {}
        gauge.set({ state }, count)
        oldest.set({ state }, Math.max(0, oldestDueMs / 1_000))
        if (state === 'requested') waiting.set(count)
      }
    },
  })
}
