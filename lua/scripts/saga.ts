/** Bindings of what the saga's messages do to a reservation: confirm, cancel, settle a refund. */
import { defineScript } from '../defineScript.ts'
import type {
  Cancellation,
  CancelOutcome,
  Confirmation,
  ConfirmOutcome,
  SagaStep,
  Settlement,
  SettleOutcome,
} from '../seatVerbs.ts'
import { MISSING, NO_EPOCH, statusOf } from './common.ts'

const REFUNDING = ([version = '']: string[]) => ({ type: 'refunding', version }) as const

/** How every step may end without changing anything. */
const UNCHANGED = {
  SAME: ([status, version = '']: string[]) =>
    ({ type: 'same', status: statusOf(status), version }) as const,
  MISSING,
  NO_EPOCH,
}

const reservationId = (step: SagaStep) => step.reservationId
const showId = (step: SagaStep) => step.showId
const permit = (step: SagaStep) => step.permit ?? ''
const cause = (step: SagaStep) => step.cause
const traceparent = (step: SagaStep) => step.traceparent ?? ''

export const confirmSeats = defineScript<Confirmation, ConfirmOutcome>({
  name: 'confirmSeats',
  keys: ['epoch', 'lease', 'log', 'deadlines', 'reservation', 'seats', 'version', 'buyers'],
  args: {
    reservationId,
    showId,
    permit,
    paymentId: (confirmation) => confirmation.paymentId,
    tickets: (confirmation) => JSON.stringify(confirmation.tickets),
    cause,
    traceparent,
  },
  outcomes: {
    CONFIRMED: ([version = '']) => ({ type: 'confirmed', version }),
    REFUNDING,
    ...UNCHANGED,
  },
})

export const cancelSeats = defineScript<Cancellation, CancelOutcome>({
  name: 'cancelSeats',
  keys: ['epoch', 'lease', 'log', 'deadlines', 'reservation', 'seats', 'version', 'buyers'],
  args: {
    reservationId,
    showId,
    permit,
    input: (cancellation) => cancellation.input ?? 'ticket_cancel',
    reason: (cancellation) => cancellation.reason,
    paymentId: (cancellation) => cancellation.paymentId ?? '',
    cause,
    traceparent,
  },
  outcomes: {
    CANCELLED: ([version = '']) => ({ type: 'cancelled', version }),
    REFUNDING,
    FREED: ([version = '']) => ({ type: 'freed', version }),
    ...UNCHANGED,
  },
})

export const settleRefund = defineScript<Settlement, SettleOutcome>({
  name: 'settleRefund',
  keys: ['epoch', 'lease', 'log', 'reservation', 'seats', 'version', 'buyers'],
  args: {
    reservationId,
    showId,
    permit,
    paymentId: (settlement) => settlement.paymentId,
    reason: (settlement) => settlement.reason,
    cause,
    traceparent,
  },
  outcomes: {
    REFUNDED: ([version = '']) => ({ type: 'refunded', version }),
    ...UNCHANGED,
  },
})
