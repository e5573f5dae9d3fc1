/**
 * How webhooks are signed: HMAC-SHA256 over `<timestamp>.<raw body>`, sent as
 * `Holdfast-Signature: t=<seconds since 1970>,v1=<hex>`. The timestamp is inside the signature,
 * so a recorded request cannot be given a new date.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export const SIGNATURE_HEADER = 'holdfast-signature'
/** How far the timestamp may be from the receiver's clock, either way. */
export const SIGNATURE_AGE_MAX_S = 300
const SIGNATURE_HEADER_LENGTH_MAX = 256

export type SignatureCheck = 'valid' | 'missing' | 'malformed' | 'stale' | 'wrong'

function digestOf(options: { secret: string; rawBody: string | Buffer; atS: number }): Buffer {
  return createHmac('sha256', options.secret)
    .update(`${options.atS}.`)
    .update(options.rawBody)
    .digest()
}

/** The header value for a body sent at `atS` (seconds since 1970). */
export function signatureOf(options: {
  secret: string
  rawBody: string | Buffer
  atS: number
}): string {
  return `t=${options.atS},v1=${digestOf(options).toString('hex')}`
}

/** Judges a header value against the bytes received; `nowS` is the receiver's clock, in seconds. */
export function checkSignature(options: {
  secret: string
  rawBody: string | Buffer
  header: string | undefined
  nowS: number
}): SignatureCheck {
  const { header } = options
  if (!header) return 'missing'
  if (header.length > SIGNATURE_HEADER_LENGTH_MAX) return 'malformed'
  const match = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header)
  if (!match) return 'malformed'
  const atS = Number(match[1])
  // The signature is judged before the age, so that a stranger learns nothing from the difference.
  const given = Buffer.from(match[2] ?? '', 'hex')
  if (!timingSafeEqual(given, digestOf({ ...options, atS }))) return 'wrong'
  return Math.abs(options.nowS - atS) > SIGNATURE_AGE_MAX_S ? 'stale' : 'valid'
}
