/**
 * Payment ids are derived from the reservation, so that whatever happens to this service's rows,
 * a reservation has one idempotency key at the provider and can be charged once.
 *
 *   payment  p07_<the reservation's 26 characters>   the Idempotency-Key of the charge
 *   refund   refund-<payment id>                     the Idempotency-Key of the refund
 */
import { isReservationId } from '../contracts/ids.ts'

export const paymentIdOf = (reservationId: string): string => `p${reservationId.slice(1)}`

export const refundIdOf = (paymentId: string): string => `refund-${paymentId}`

/** The reservation of a payment id, or null when the text is not one. */
export function reservationOfPayment(paymentId: string): string | null {
  const reservationId = `r${paymentId.slice(1)}`
  return paymentId.startsWith('p') && isReservationId(reservationId) ? reservationId : null
}

/** The reservation of a refund id, or null when the text is not one. */
export function reservationOfRefund(refundId: string): string | null {
  return refundId.startsWith('refund-') ? reservationOfPayment(refundId.slice(7)) : null
}
