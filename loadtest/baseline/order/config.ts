import { SHARDS_MAX } from '../../../contracts/ids.ts'
import { type Field, integer, optionalJson, text } from '../../../platform/config.ts'
import { baselineSpec } from '../config.ts'

const INSTANCE = /^http:\/\/[^\s,/]+$/

/** The instances of another service: base URLs, separated by commas. */
function instances(variable: string): Field<readonly string[]> {
  return {
    variable,
    fallback: undefined,
    parse: (value) => {
      const urls = value.split(',')
      return urls.every((url) => INSTANCE.test(url))
        ? { ok: true, value: urls }
        : { ok: false, problem: 'must be http://host:port[,http://host:port...]' }
    },
  }
}

export const spec = {
  ...baselineSpec,
  redisUrl: text('REDIS_URL', { pattern: /^(redis|rediss|redis-cluster):\/\/\S+$/ }),
  shards: integer('REDIS_SHARDS', { default: 16, min: 1, max: SHARDS_MAX }),
  paymentUrls: instances('PAYMENT_URLS'),
  ticketUrls: instances('TICKET_URLS'),
  notificationUrls: instances('NOTIFICATION_URLS'),
  /** A private Ed25519 key as a JSON Web Key: the built-in issuer's. */
  sessionKey: { ...optionalJson('SESSION_KEY'), fallback: undefined },
  /** Requests a second of one buyer, and as many in a burst; 0 is no limit. */
  buyerRequestsPerSMax: integer('BUYER_REQUESTS_PER_S_MAX', { default: 200, min: 0 }),
  /** Longer than payment asks its provider twice. */
  paymentReadMsMax: integer('PAYMENT_READ_MS_MAX', { default: 8_000, min: 100 }),
  /** How long a checkout may be in hand before the sweep believes that its process is gone. */
  leaseMs: integer('ORDER_LEASE_MS', { default: 30_000, min: 1_000 }),
} as const
