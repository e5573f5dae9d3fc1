/** Bindings of what a buyer does: hold, release, extend, check out. */
import { defineBatch, defineScript } from '../defineScript.ts'
import { parseIndexes, parseRecord, type ReservationRecord } from '../record.ts'
import type {
  CheckoutBatch,
  CheckoutOutcome,
  CheckoutRequest,
  ExtendOutcome,
  Extension,
  HoldBatch,
  HoldOutcome,
  HoldRequest,
  NoEpoch,
  Release,
  ReleaseOutcome,
} from '../seatVerbs.ts'
import { NO_EPOCH, statusOf } from './common.ts'

export const holdSeats = defineBatch<HoldBatch, HoldRequest, HoldOutcome, NoEpoch>({
  name: 'holdSeats',
  keys: ['epoch', 'log', 'deadlines'],
  args: {},
  outcomes: { NO_EPOCH },
  each: {
    of: (batch) => batch.requests,
    keys: ['reservation', 'seats', 'version', 'buyers'],
    args: {
      reservationId: (hold) => hold.reservationId,
      showId: (hold) => hold.showId,
      customerId: (hold) => hold.customerId,
      seats: (hold) => hold.seats.join(','),
      currency: (hold) => hold.amount.currency,
      amount: (hold) => hold.amount.value,
      requestHash: (hold) => hold.requestHash,
      ttlMs: (hold) => hold.ttlMs,
      buyerSeatsMax: (hold) => hold.buyerSeatsMax,
      traceparent: (hold) => hold.traceparent ?? '',
    },
    outcomes: {
      HELD: ([version = '', created, deadline], hold) => {
        const times = { createdMs: Number(created), deadlineMs: Number(deadline) }
        return { type: 'held', record: recordOfHold(hold, { version, ...times }) }
      },
      EXISTS: (rest, hold) => ({ type: 'exists', record: recordIn(rest, hold) }),
      REUSED: () => ({ type: 'reused' }),
      TAKEN: (rest) => ({ type: 'taken', seats: rest.map(Number) }),
      OVERDUE: (rest) => ({ type: 'overdue', reservationIds: rest }),
      BUYER_LIMIT: ([have]) => ({ type: 'buyer_limit', have: Number(have) }),
    },
  },
})

/** A hold just taken, as a record: Redis need not send back what it was sent. */
function recordOfHold(
  hold: HoldRequest,
  given: Pick<ReservationRecord, 'version' | 'createdMs' | 'deadlineMs'>,
): ReservationRecord {
  const { reservationId, showId, customerId, seats, amount, requestHash, traceparent } = hold
  return {
    reservationId,
    status: 'held',
    showId,
    customerId,
    seats,
    amount,
    requestHash,
    ...given,
    owns: true,
    ...(traceparent && { traceparent }),
  }
}

function recordIn(flat: string[], options: { reservationId: string }): ReservationRecord {
  const record = parseRecord(options.reservationId, flat)
  if (!record) throw new TypeError('the outcome carries no record')
  return record
}

/** How the verbs on one's own hold are refused. */
const REFUSALS = {
  OVERDUE: () => ({ type: 'overdue' }) as const,
  EXPIRED: () => ({ type: 'expired' }) as const,
  WRONG_STATE: ([status]: string[]) => ({ type: 'wrong_state', status: statusOf(status) }) as const,
  NOT_FOUND: () => ({ type: 'not_found' }) as const,
}

export const releaseSeats = defineScript<Release, ReleaseOutcome>({
  name: 'releaseSeats',
  keys: ['epoch', 'log', 'deadlines', 'reservation', 'seats', 'version', 'buyers'],
  args: {
    reservationId: (release) => release.reservationId,
    showId: (release) => release.showId,
    customerId: (release) => release.customerId,
    traceparent: (release) => release.traceparent ?? '',
  },
  outcomes: {
    RELEASED: (rest, release) => ({ type: 'released', record: recordIn(rest, release) }),
    ALREADY: (rest, release) => ({ type: 'already', record: recordIn(rest, release) }),
    ...REFUSALS,
    NO_EPOCH,
  },
})

export const extendHold = defineScript<Extension, ExtendOutcome>({
  name: 'extendHold',
  keys: ['epoch', 'log', 'deadlines', 'reservation', 'version'],
  args: {
    reservationId: (extension) => extension.reservationId,
    showId: (extension) => extension.showId,
    customerId: (extension) => extension.customerId,
    ttlMs: (extension) => extension.ttlMs,
    extensionMaxMs: (extension) => extension.extensionMaxMs,
    traceparent: (extension) => extension.traceparent ?? '',
  },
  outcomes: {
    EXTENDED: (rest, extension) => ({ type: 'extended', record: recordIn(rest, extension) }),
    ...REFUSALS,
    NO_EPOCH,
  },
})

/** A hold just fenced, as a record: Redis need not send back what it was sent. */
function recordOfCheckout(rest: string[], checkout: CheckoutRequest): ReservationRecord {
  const [seats = '', currency = '', amount, requestHash = '', created] = rest
  const [deadline, version = '', traceparent] = rest.slice(5)
  const { reservationId, showId, customerId, checkoutKey, checkoutHash, contact } = checkout
  return {
    reservationId,
    status: 'paying',
    showId,
    customerId,
    seats: parseIndexes(seats),
    amount: { currency, value: Number(amount) },
    requestHash,
    createdMs: Number(created),
    deadlineMs: Number(deadline),
    version,
    owns: true,
    checkoutKey,
    checkoutHash,
    ...(contact && { contact }),
    ...(traceparent && { traceparent }),
  }
}

export const startCheckout = defineBatch<CheckoutBatch, CheckoutRequest, CheckoutOutcome, NoEpoch>({
  name: 'startCheckout',
  keys: ['epoch', 'log', 'deadlines'],
  args: {},
  outcomes: { NO_EPOCH },
  each: {
    of: (batch) => batch.checkouts,
    keys: ['reservation', 'version'],
    args: {
      reservationId: (checkout) => checkout.reservationId,
      showId: (checkout) => checkout.showId,
      customerId: (checkout) => checkout.customerId,
      checkoutKey: (checkout) => checkout.checkoutKey,
      checkoutHash: (checkout) => checkout.checkoutHash,
      windowMs: (checkout) => checkout.windowMs,
      paymentToken: (checkout) => checkout.paymentToken,
      contact: (checkout) => (checkout.contact ? JSON.stringify(checkout.contact) : ''),
      traceparent: (checkout) => checkout.traceparent ?? '',
    },
    outcomes: {
      PAYING: (rest, checkout) => ({ type: 'paying', record: recordOfCheckout(rest, checkout) }),
      EXISTS: (rest, checkout) => ({ type: 'exists', record: recordIn(rest, checkout) }),
      REUSED: () => ({ type: 'reused' }),
      ...REFUSALS,
    },
  },
})
