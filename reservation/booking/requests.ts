/**
 * What every way in checks before a use case begins, and how it says what is wrong: the same
 * request is refused with the same problem over HTTP and over the feed.
 */
import type { TSchema } from '@sinclair/typebox'
import type { TypeCheck } from '@sinclair/typebox/compiler'
import type { CheckoutRequest, HoldRequest, Reservation } from '../../contracts/http.ts'
import { IDEMPOTENCY_KEY_PATTERN } from '../../contracts/ids.ts'
import type { Booking } from './booking.ts'
import { type Outcome, type Refused, refused } from './outcome.ts'

const IDEMPOTENCY_KEY = new RegExp(IDEMPOTENCY_KEY_PATTERN)
const ERRORS_MAX = 10

export interface FieldError {
  /** JSON pointer into the body; `/` is the body itself. */
  readonly path: string
  readonly message: string
}

/** What is wrong with a value, at most ten places of it; empty when nothing is. */
export function errorsOf(check: TypeCheck<TSchema>, value: unknown): FieldError[] {
  if (check.Check(value)) return []
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const { path, message } of check.Errors(value)) {
    // A missing member is reported twice, as missing and as of the wrong type; the first will do.
    if (seen.has(path)) continue
    seen.add(path)
    errors.push({ path: path || '/', message })
    if (errors.length === ERRORS_MAX) break
  }
  return errors
}

/** The request is not what its schema says. */
export function badRequest(errors: readonly FieldError[]): Refused {
  const [first] = errors
  return refused('bad-request', first && `${first.path}: ${first.message}`, { errors })
}

/** Who asks, and under which key. */
export interface Given {
  readonly customerId: string
  /** Not checked yet; empty when there is none. */
  readonly key: string
  /** Where the request has its key, as a JSON pointer. */
  readonly keyPath: string
  readonly traceparent?: string
}

export interface HoldGiven extends Given {
  readonly showId: string
  readonly body: HoldRequest
}

export interface CheckoutGiven extends Given {
  readonly reservationId: string
  readonly body: CheckoutRequest
}

/** A hold whose body was checked; its key was not. */
export async function holdAsGiven(booking: Booking, given: HoldGiven) {
  const { keyPath, body, ...rest } = given
  return keyFaultOf(given) ?? booking.hold({ ...rest, seatIds: body.seatIds })
}

/** A checkout whose body was checked; its key was not. */
export async function checkoutAsGiven(
  booking: Booking,
  given: CheckoutGiven,
): Promise<Outcome<Reservation>> {
  const { keyPath, body, ...rest } = given
  const fault = keyFaultOf(given)
  if (fault) return fault
  const { payment, contact } = body
  return booking.checkout({
    ...rest,
    paymentToken: payment.token,
    ...(contact && { contact: contactOf(contact) }),
  })
}

/** What is wrong with an idempotency key, or null. */
export function keyFaultOf({ key, keyPath }: Pick<Given, 'key' | 'keyPath'>): Refused | null {
  if (key === '') return refused('idempotency-key-missing')
  if (IDEMPOTENCY_KEY.test(key)) return null
  return badRequest([{ path: keyPath, message: `must match ${IDEMPOTENCY_KEY_PATTERN}` }])
}

/** Only the members that this version knows; the rest is not passed on into the saga. */
const contactOf = (contact: NonNullable<CheckoutRequest['contact']>) => ({
  email: contact.email,
  ...(contact.locale && { locale: contact.locale }),
})
