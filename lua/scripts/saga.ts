/** Bindings of what the saga's messages do to a reservation: confirm, cancel, settle a refund. */
import { defineBatch, defineScript } from '../defineScript.ts'
import type {
  Cancellation,
  CancelOutcome,
  ConfirmBatch,
  ConfirmOutcome,
  NoEpoch,
  SagaStep,
  Settlement,
  SettleOutcome,
} from '../seatVerbs.ts'
import { MISSING, NO_EPOCH, statusOf } from './common.ts'

const REFUNDING = ([version = '']: string[]) => ({ type: 'refunding', version }) as const

const SAME = ([status, version = '']: string[]) =>
  ({ type: 'same', status: statusOf(status), version }) as const

/** How every step may end without changing anything. */
const UNCHANGED = { SAME, MISSING, NO_EPOCH }

type Step = Omit<SagaStep, 'shard'>
const reservationId = (step: Step) => step.reservationId
const showId = (step: Step) => step.showId
const permit = (step: Step) => step.permit ?? ''
const cause = (step: Step) => step.cause
const traceparent = (step: Step) => step.traceparent ?? ''

export const confirmSeats = defineBatch<
  ConfirmBatch,
  ConfirmBatch['confirmations'][number],
  ConfirmOutcome,
  NoEpoch
>({
  name: 'confirmSeats',
  keys: ['epoch', 'lease', 'log', 'deadlines'],
  args: { permit: (batch) => batch.permit ?? '' },
  outcomes: { NO_EPOCH },
  each: {
    of: (batch) => batch.confirmations,
    keys: ['reservation', 'seats', 'version', 'buyers'],
    args: {
      reservationId,
      showId,
      paymentId: (confirmation) => confirmation.paymentId,
      tickets: (confirmation) => JSON.stringify(confirmation.tickets),
      cause,
      traceparent,
    },
    outcomes: {
      CONFIRMED: ([version = '']) => ({ type: 'confirmed', version }),
      REFUNDING,
      SAME,
      MISSING,
      OTHER_SHOW: ([show], { reservationId }) => {
        throw new TypeError(`${reservationId} is of another show, ${show}`)
      },
    },
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
