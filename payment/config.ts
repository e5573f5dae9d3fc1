import { commonSpec, integer, text, url } from '../platform/config.ts'

/** What the payment service reads from the environment. */
export const spec = {
  ...commonSpec,
  providerUrl: url('PAYMENT_PROVIDER_URL', { protocols: ['http:', 'https:'] }),
  /** Shared with the provider, which signs its webhooks with it. */
  webhookSecret: text('PAYMENT_WEBHOOK_SECRET', { pattern: /^.{16,}$/ }),
  /** Charges under way at most. */
  concurrency: integer('PAYMENT_CONCURRENCY', { default: 512, min: 4, max: 4_096 }),
  /**
   * After this a call counts as unanswered. Low enough that an unknown outcome is asked again
   * within ten seconds of the call.
   */
  callMsMax: integer('PAYMENT_CALL_MS_MAX', { default: 3_000, min: 100, max: 5_000 }),
  /** More payments than this waiting to be charged means that checkouts outrun the provider. */
  waitingMax: integer('PAYMENTS_WAITING_MAX', { default: 10_000, min: 1 }),
}
