/**
 * What the model obeys: the services' own pure functions, and the rules around them that no pure
 * function can hold (when an offset is committed, what a rebuild restores, ...).
 */
import { decideNotice } from '../../notification/domain/notices.ts'
import { decidePayment } from '../../payment/domain/paying.ts'
import { transition } from '../../reservation/domain/transitions.ts'
import { decideTickets } from '../../ticket/domain/ticketing.ts'

export interface Laws {
  readonly transition: typeof transition
  readonly decidePayment: typeof decidePayment
  readonly decideTickets: typeof decideTickets
  readonly decideNotice: typeof decideNotice
  /** F1: the row says `charging` before the provider hears of the payment. */
  readonly commitsChargingFirst: boolean
  /** F1: a charging row without a live call counts as a call without an answer. */
  readonly countsLostCalls: boolean
  /** F5: Kafka hears of a change in Redis only when SQL has it. */
  readonly publishesThroughSql: boolean
  /** F6: offsets stay behind the projector. */
  readonly commitsBehindProjector: boolean
  /** F6: a lost tail makes the seat service start over from its committed offsets. */
  readonly startsOverAfterLoss: boolean
  /** F7: a rebuild gives the seats back to those in `refunding` who still own them. */
  readonly restoresRefunding: boolean
  /** F7: a message finds a reservation that Redis dropped 24 h after its end in the projection. */
  readonly loadsFromProjection: boolean
  /** F7: a message about a reservation that nobody knows is handled as if it had expired. */
  readonly recreatesUnknown: boolean
  /** After a rebuild log ids go on behind those that SQL has seen. */
  readonly movesLogForward: boolean
  /** A hold asks the projection too, so that an id does not live twice. */
  readonly remembersEndedIds: boolean
  /** The projection keeps reservations that ended before checkout. */
  readonly projectsHeldEnds: boolean
  /** Every call about a payment carries the same idempotency key; so do refunds, with their own. */
  readonly hasFixedKeys: boolean
}

export const LAWS: Laws = {
  transition,
  decidePayment,
  decideTickets,
  decideNotice,
  commitsChargingFirst: true,
  countsLostCalls: true,
  publishesThroughSql: true,
  commitsBehindProjector: true,
  startsOverAfterLoss: true,
  restoresRefunding: true,
  loadsFromProjection: true,
  recreatesUnknown: true,
  movesLogForward: true,
  remembersEndedIds: true,
  projectsHeldEnds: true,
  hasFixedKeys: true,
}
