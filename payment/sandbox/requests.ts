/** Reads the bodies and keys of the sandbox's callers. Answers null, or the reason it is wrong. */
import type { ChargeCall, ControlState, RefundCall } from './provider.ts'
import type { Amount } from './records.ts'

const LATENCY_MS_MAX = 60_000

export type Reading<T> = { ok: true; value: T } | { ok: false; problem: string }

const wrong = (problem: string) => ({ ok: false as const, problem })
const right = <T>(value: T) => ({ ok: true as const, value })

type Fields = Record<string, unknown>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isShortText = (value: unknown): value is string =>
  typeof value === 'string' && value.length >= 1 && value.length <= 128

/** Any object in JSON. */
export function readJson(body: string): Reading<Fields> {
  try {
    const parsed: unknown = JSON.parse(body)
    return isFields(parsed) ? right(parsed) : wrong('the body must be a JSON object')
  } catch {
    return wrong('the body must be JSON')
  }
}

function readAmount(value: unknown): Amount | null {
  if (!isFields(value)) return null
  const { currency, value: minor } = value
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) return null
  if (!Number.isSafeInteger(minor) || (minor as number) < 0) return null
  return { currency, value: minor as number }
}

export function readCharge(idempotencyKey: string, fields: Fields): Reading<ChargeCall> {
  const { reservationId, token } = fields
  const amount = readAmount(fields.amount)
  if (!isShortText(reservationId)) return wrong('reservationId must be 1 to 128 characters')
  if (!isShortText(token)) return wrong('token must be 1 to 128 characters')
  if (!amount) return wrong('amount must be { currency: "KRW", value: <minor units, from 0> }')
  return right({ idempotencyKey, reservationId, amount, token })
}

export function readRefund(idempotencyKey: string, fields: Fields): Reading<RefundCall> {
  const { chargeId } = fields
  const amount = readAmount(fields.amount)
  if (!isShortText(chargeId)) return wrong('chargeId must be 1 to 128 characters')
  if (!amount) return wrong('amount must be { currency: "KRW", value: <minor units, from 0> }')
  return right({ idempotencyKey, chargeId, amount })
}

export function readControl(fields: Fields): Reading<Partial<ControlState>> {
  const { down, latencyMs } = fields
  if (down !== undefined && typeof down !== 'boolean') return wrong('down must be true or false')
  const isLatency = Number.isInteger(latencyMs) && (latencyMs as number) >= 0
  if (latencyMs !== undefined && !(isLatency && (latencyMs as number) <= LATENCY_MS_MAX)) {
    return wrong(`latencyMs must be a whole number within 0 and ${LATENCY_MS_MAX}`)
  }
  return right({
    ...(down !== undefined && { down }),
    ...(latencyMs !== undefined && { latencyMs: latencyMs as number }),
  })
}

/** The Idempotency-Key header: 1 to 128 visible ASCII characters. */
export const isIdempotencyKey = (header: unknown): header is string =>
  typeof header === 'string' && /^[!-~]{1,128}$/.test(header)
