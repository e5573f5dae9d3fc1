import { commonSpec, integer, optionalUrl, redisAddress, text } from '../platform/config.ts'

/** What the notification service reads from its environment. */
export const spec = {
  ...commonSpec,
  redisUrl: redisAddress('REDIS_URL'),
  /** Where messages go: a server, or .eml files in a folder when there is none. */
  smtpUrl: optionalUrl('SMTP_URL', { protocols: ['smtp:', 'smtps:'] }),
  mailDir: text('MAIL_DIR', { default: '.holdfast/mail' }),
  mailFrom: text('MAIL_FROM', {
    default: 'tickets@holdfast.invalid',
    pattern: /^[^\s@<>"]+@[^\s@<>"]+$/,
  }),
  /** A mail server's patience has limits, and so has the share of a machine that mail may take. */
  mailsPerSecondMax: integer('MAILS_PER_SECOND_MAX', { default: 200, min: 1, max: 100_000 }),
  /** Wait before the second attempt; later ones wait four times as long each, up to an hour. */
  retryBaseMs: integer('MAIL_RETRY_BASE_MS', { default: 1_000, min: 1 }),
  /** A sender that was silent for this long is believed to be dead. */
  leaseMs: integer('MAIL_LEASE_MS', { default: 10_000, min: 100 }),
  /** What is overdue by this much has been lost by the queue, and is queued again. */
  overdueMs: integer('MAIL_OVERDUE_MS', { default: 30_000, min: 0 }),
  sweepIntervalMs: integer('MAIL_SWEEP_MS', { default: 2_000, min: 10 }),
}
