import { integer, text } from '../../../platform/config.ts'
import { baselineSpec } from '../config.ts'

/** The mail settings have the names and defaults of the product's, so that both deliver alike. */
export const spec = {
  ...baselineSpec,
  mailDir: text('MAIL_DIR'),
  mailFrom: text('MAIL_FROM', { default: 'tickets@holdfast.invalid' }),
  mailsPerSecondMax: integer('MAILS_PER_SECOND_MAX', { default: 200, min: 1, max: 100_000 }),
} as const
