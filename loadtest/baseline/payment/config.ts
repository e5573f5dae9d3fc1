import { integer, url } from '../../../platform/config.ts'
import { baselineSpec } from '../config.ts'

export const spec = {
  ...baselineSpec,
  providerUrl: url('PAYMENT_PROVIDER_URL', { protocols: ['http:', 'https:'] }),
  /** After this a call of the provider counts as unanswered, and the same key is asked again. */
  callMsMax: integer('PAYMENT_CALL_MS_MAX', { default: 3_000, min: 100, max: 5_000 }),
} as const
