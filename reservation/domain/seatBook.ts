/**
 * The pure twin of the Redis scripts: one shard in memory, with the same verbs and the same
 * outcomes. A property test runs both side by side. Where Redis keeps owners, buyers' counts and
 * deadlines next to the records, the book derives them, so a script that forgets one shows up.
 *
 * It knows no clock and invents no ids: every verb is told the moment it happens at.
 */

import { compareLogIds } from '../../contracts/ids.ts'
import type { ReservationEntry } from '../../lua/logEntry.ts'
import type { ReservationRecord } from '../../lua/record.ts'
import type {
  Answered,
  Cancellation,
  CancelOutcome,
  Checkout,
  CheckoutBatch,
  CheckoutOutcome,
  Confirmation,
  ConfirmBatch,
  ConfirmOutcome,
  DueOutcome,
  DueQuery,
  ExpireOutcome,
  Expiry,
  ExtendOutcome,
  Extension,
  FoundReservation,
  HoldBatch,
  HoldOutcome,
  HoldRequest,
  Missing,
  NoEpoch,
  OwnedReservation,
  Release,
  ReleaseOutcome,
  Restoration,
  RestoreOutcome,
  SagaStep,
  Same,
  SeatsOutcome,
  SeatVerbs,
  Settlement,
  SettleOutcome,
} from '../../lua/seatVerbs.ts'
import {
  append,
  type BookState,
  buyersOf,
  change,
  emptyBook,
  isOpen,
  type Moment,
  memberOf,
  ownerOf,
  recordsBySeat,
} from './bookState.ts'
import { type Input, transition } from './transitions.ts'

type InMemory<Verb> = Verb extends (options: infer Options) => Promise<infer Outcome>
  ? (options: Options, at: Moment) => Outcome
  : never
type VerbsInMemory = { [Verb in keyof SeatVerbs]: InMemory<SeatVerbs[Verb]> }

const NO_EPOCH: NoEpoch = { type: 'no_epoch' }

export class SeatBook implements VerbsInMemory {
  readonly state: BookState

  constructor(state: BookState = emptyBook()) {
    this.state = state
  }

  // --- running ---------------------------------------------------------------------------------

  open(at: Moment): string {
    const epoch = at.nextLogId()
    this.state.epoch = epoch
    this.state.log.push({ id: epoch, type: 'opened', epoch, atMs: at.nowMs })
    return epoch
  }

  // --- the buyer's verbs -----------------------------------------------------------------------

  holdSeats(batch: HoldBatch, at: Moment): Answered<HoldOutcome> {
    if (!this.state.epoch) return NO_EPOCH
    const fresh = new Set<string>()
    const outcomes = batch.requests.map((request) => this.hold(request, at, fresh))
    return { type: 'answered', outcomes }
  }

  /** `fresh` are the holds of this call: they are not overdue yet, whatever their time to live. */
  private hold(request: HoldRequest, at: Moment, fresh: Set<string>): HoldOutcome {
    const { reservationId, showId, customerId, seats, amount, requestHash, traceparent } = request
    const known = this.state.records[reservationId]
    if (known) {
      const isSame =
        known.requestHash === requestHash ||
        (known.requestHash === '' && known.seats.join() === seats.join())
      return isSame ? { type: 'exists', record: { ...known } } : { type: 'reused' }
    }
    const obstacle = this.obstacle(request, at, fresh)
    if (obstacle) return obstacle
    const have = buyersOf(this.state, showId).get(customerId) ?? 0
    if (have + seats.length > request.buyerSeatsMax) return { type: 'buyer_limit', have }

    const next = transition(null, { type: 'hold', seatsFree: true })
    if (!next) throw new TypeError('free seats can be held')
    const record: ReservationRecord = {
      reservationId,
      status: next.status,
      showId,
      customerId,
      seats: [...seats],
      amount,
      requestHash,
      createdMs: at.nowMs,
      deadlineMs: at.nowMs + request.ttlMs,
      version: '',
      owns: true,
      ...(traceparent && { traceparent }),
    }
    this.state.records[reservationId] = record
    fresh.add(reservationId)
    append(this.state, record, 'held', at, { state: 1, moved: record.seats })
    return { type: 'held', record: { ...record } }
  }

  private obstacle(request: HoldRequest, at: Moment, fresh: Set<string>): HoldOutcome | null {
    const owners = recordsBySeat(this.state, request.showId)
    const taken: number[] = []
    const overdue = new Set<string>()
    for (const seat of request.seats) {
      const owner = owners.get(seat)
      if (!owner) continue
      const isOverdue = isOpen(owner) && owner.deadlineMs <= at.nowMs
      if (isOverdue && !fresh.has(owner.reservationId)) overdue.add(owner.reservationId)
      else taken.push(seat)
    }
    if (taken.length > 0) return { type: 'taken', seats: taken }
    if (overdue.size > 0) return { type: 'overdue', reservationIds: [...overdue] }
    return null
  }

  releaseSeats(release: Release, at: Moment): ReleaseOutcome {
    const found = this.findHold(release, at)
    if ('refusal' in found) {
      if (found.record?.status !== 'released') return found.refusal
      return { type: 'already', record: { ...found.record } }
    }
    const { record } = found
    change(this.state, record, { type: 'release' }, 'released', at, given(release))
    return { type: 'released', record: { ...record } }
  }

  extendHold(extension: Extension, at: Moment): ExtendOutcome {
    const found = this.findHold(extension, at)
    if ('refusal' in found) return found.refusal
    const { record } = found
    const { ttlMs, extensionMaxMs } = extension
    const deadlineMs = Math.min(at.nowMs + ttlMs, record.createdMs + ttlMs + extensionMaxMs)
    if (deadlineMs > record.deadlineMs) {
      record.deadlineMs = deadlineMs
      append(this.state, record, 'extended', at, given(extension))
    }
    return { type: 'extended', record: { ...record } }
  }

  startCheckout(checkout: Checkout, at: Moment): CheckoutOutcome {
    const found = this.findHold(checkout, at)
    if (found.record?.checkoutKey === checkout.checkoutKey) {
      if (found.record.checkoutHash !== checkout.checkoutHash) return { type: 'reused' }
      return { type: 'exists', record: { ...found.record } }
    }
    if ('refusal' in found) return found.refusal
    const { record } = found
    const { checkoutKey, checkoutHash, windowMs, contact, traceparent, paymentToken } = checkout
    record.deadlineMs = at.nowMs + windowMs
    Object.assign(record, { checkoutKey, checkoutHash })
    if (contact) record.contact = contact
    if (traceparent) record.traceparent = traceparent
    change(this.state, record, { type: 'checkout' }, 'paying', at, {
      paymentToken,
      checkoutKey,
      checkoutHash,
      ...(record.requestHash && { requestHash: record.requestHash }),
    })
    return { type: 'paying', record: { ...record } }
  }

  startAll({ shard, checkouts }: CheckoutBatch, at: Moment): Answered<CheckoutOutcome> {
    if (!this.state.epoch) return NO_EPOCH
    const outcomes = checkouts.map((one) => this.startCheckout({ ...one, shard }, at))
    return { type: 'answered', outcomes }
  }

  /** The caller's hold that he may act on, or why he may not. */
  private findHold(
    { reservationId, showId, customerId }: OwnedReservation,
    at: Moment,
  ): { record: ReservationRecord } | { record?: ReservationRecord; refusal: HoldRefusal } {
    if (!this.state.epoch) return { refusal: NO_EPOCH }
    const record = this.state.records[reservationId]
    if (!record || record.showId !== showId || record.customerId !== customerId) {
      return { refusal: { type: 'not_found' } }
    }
    if (record.status === 'expired') return { record, refusal: { type: 'expired' } }
    if (record.status !== 'held') {
      return { record, refusal: { type: 'wrong_state', status: record.status } }
    }
    if (record.deadlineMs <= at.nowMs) return { record, refusal: { type: 'overdue' } }
    return { record }
  }

  // --- the saga's verbs ------------------------------------------------------------------------

  confirmSeats(confirmation: Confirmation, at: Moment): ConfirmOutcome {
    const found = this.findForSaga(confirmation)
    if ('type' in found) return found
    const { record } = found
    const owners = recordsBySeat(this.state, record.showId)
    const seatsFree = record.seats.every((seat) => !owners.has(seat))
    const input: Input = { type: 'ticket_confirm', seatsFree }
    const next = transition(record.status, input)
    if (!next) return same(record)
    record.paymentId = confirmation.paymentId
    if (next.status !== 'confirmed') {
      change(this.state, record, input, 'refunding', at, given(confirmation))
      return { type: 'refunding', version: record.version }
    }
    const { tickets } = confirmation
    record.tickets = tickets
    change(this.state, record, input, 'confirmed', at, { ...given(confirmation), tickets })
    return { type: 'confirmed', version: record.version }
  }

  confirmAll({ shard, permit, confirmations }: ConfirmBatch, at: Moment): Answered<ConfirmOutcome> {
    if (!this.isAdmitted(permit)) return NO_EPOCH
    const of = { shard, ...(permit && { permit }) }
    const outcomes = confirmations.map((one) => this.confirmSeats({ ...one, ...of }, at))
    return { type: 'answered', outcomes }
  }

  cancelSeats(cancellation: Cancellation, at: Moment): CancelOutcome {
    const found = this.findForSaga(cancellation)
    if ('type' in found) return found
    const { record } = found
    const { input: type = 'ticket_cancel', reason, paymentId } = cancellation
    const input: Input = type === 'ticket_cancel' ? { type, reason } : { type }
    const next = transition(record.status, input)
    const isRefundUnderWay = record.status === 'refunding'
    if (!next || (isRefundUnderWay && !record.owns)) return same(record)
    if (isRefundUnderWay) {
      change(this.state, record, input, 'freed', at, given(cancellation))
      return { type: 'freed', version: record.version }
    }
    if (paymentId) record.paymentId = paymentId
    const status = next.status === 'cancelled' ? 'cancelled' : 'refunding'
    change(this.state, record, input, status, at, given(cancellation))
    return { type: status, version: record.version }
  }

  settleRefund(settlement: Settlement, at: Moment): SettleOutcome {
    const found = this.findForSaga(settlement)
    if ('type' in found) return found
    const { record } = found
    const input: Input = { type: 'payment_refund' }
    if (!transition(record.status, input)) return same(record)
    if (record.status !== 'refunding') record.reason = settlement.reason
    record.paymentId = settlement.paymentId
    change(this.state, record, input, 'refunded', at, given(settlement))
    return { type: 'refunded', version: record.version }
  }

  private findForSaga(step: SagaStep): { record: ReservationRecord } | Missing | NoEpoch {
    if (!this.isAdmitted(step.permit)) return NO_EPOCH
    const record = this.state.records[step.reservationId]
    if (!record) return { type: 'missing' }
    if (record.showId !== step.showId) throw new TypeError('reservation of another show')
    return { record }
  }

  private isAdmitted(permit: string | undefined): boolean {
    return this.state.epoch !== null || (Boolean(permit) && permit === this.state.lease)
  }

  // --- expiry ----------------------------------------------------------------------------------

  dueHolds({ limit }: DueQuery, at: Moment): DueOutcome {
    if (!this.state.epoch) return NO_EPOCH
    const waiting = Object.values(this.state.records)
      .filter(isOpen)
      .sort((a, b) => a.deadlineMs - b.deadlineMs || compareText(memberOf(a), memberOf(b)))
    const due = waiting.filter((record) => record.deadlineMs <= at.nowMs).slice(0, limit)
    return {
      type: 'due',
      holds: due.map(({ showId, reservationId }) => ({ showId, reservationId })),
      nowMs: at.nowMs,
      nextMs: waiting[due.length]?.deadlineMs ?? null,
    }
  }

  expireHolds({ showId, reservationIds }: Expiry, at: Moment): Answered<ExpireOutcome> {
    if (!this.state.epoch) return NO_EPOCH
    const outcomes = reservationIds.map((id) => this.expire(showId, id, at))
    return { type: 'answered', outcomes }
  }

  private expire(showId: string, reservationId: string, at: Moment): ExpireOutcome {
    const record = this.state.records[reservationId]
    if (!record || record.showId !== showId) return { type: 'missing' }
    const phase = record.status
    if (phase !== 'held' && phase !== 'paying') return { type: 'same', status: phase }
    if (record.deadlineMs > at.nowMs) return { type: 'early', deadlineMs: record.deadlineMs }
    change(this.state, record, { type: 'deadline' }, 'expired', at, { phase })
    return { type: 'expired', version: record.version, phase }
  }

  // --- reading and restoring -------------------------------------------------------------------

  readSeats({ showId }: { showId: string }): SeatsOutcome {
    const { epoch, versions } = this.state
    if (!epoch) return NO_EPOCH
    const owners = new Map<number, string>()
    for (const [seat, record] of recordsBySeat(this.state, showId))
      owners.set(seat, ownerOf(record))
    return { type: 'seats', epoch, version: versions[showId] ?? epoch, owners }
  }

  readReservation({ reservationId }: { reservationId: string }): FoundReservation {
    if (!this.state.epoch) return NO_EPOCH
    const record = this.state.records[reservationId]
    return record ? { type: 'found', record: { ...record } } : { type: 'missing' }
  }

  restore({ showId, permit, reservations }: Restoration): Answered<RestoreOutcome> {
    if (!this.isAdmitted(permit)) return NO_EPOCH
    const outcomes = reservations.map((record) => this.restoreOne(showId, record))
    return { type: 'answered', outcomes }
  }

  private restoreOne(showId: string, record: ReservationRecord): RestoreOutcome {
    const isComplete = this.state.epoch !== null
    const known = this.state.records[record.reservationId]
    if (known && (isComplete || compareLogIds(known.version, record.version) >= 0)) {
      return { type: 'kept', version: known.version }
    }
    if (isComplete && record.owns) return { type: 'refused' }
    const owners = recordsBySeat(this.state, showId)
    const others = record.seats.filter((seat) => {
      const owner = owners.get(seat)
      return owner && owner.reservationId !== record.reservationId
    })
    if (record.owns && others.length > 0) return { type: 'clash', seats: others }
    this.state.records[record.reservationId] = { ...record }
    return { type: 'restored' }
  }
}

type HoldRefusal = Extract<
  ExtendOutcome,
  { type: 'not_found' | 'overdue' | 'expired' | 'wrong_state' | 'no_epoch' }
>

const same = ({ status, version }: ReservationRecord): Same => ({ type: 'same', status, version })

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** What the caller told about the cause of a change, for the log. */
function given(options: { traceparent?: string; cause?: string }): Partial<ReservationEntry> {
  const { traceparent, cause } = options
  return { ...(traceparent && { traceparent }), ...(cause && { cause }) }
}
