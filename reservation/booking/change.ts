/** Release, extend, check out: what an owner may do to a hold. */
import type { Reservation } from '../../contracts/http.ts'
import type { Contact } from '../../contracts/payloads.ts'
import type { ReservationRecord, ReservationStatus } from '../../lua/record.ts'
import type {
  CheckoutOutcome,
  CheckoutRequest,
  ExtendOutcome,
  ReleaseOutcome,
} from '../../lua/seatVerbs.ts'
import type { ShardBatcher } from '../../lua/shardBatcher.ts'
import type { Ground, Located } from './ground.ts'
import { checkoutHashOf } from './identity.ts'
import { done, type Outcome, type Refused, refused } from './outcome.ts'
import type { CheckoutsUnderWay } from './underWay.ts'

export interface ChangeCommand {
  readonly customerId: string
  readonly reservationId: string
  readonly traceparent?: string
}

export interface CheckoutCommand extends ChangeCommand {
  /** The client's idempotency key; it must have been checked against its pattern. */
  readonly key: string
  readonly paymentToken: string
  readonly contact?: Contact
}

/** Gives a hold back. Releasing it again is done, too. */
export async function release(
  ground: Ground,
  command: ChangeCommand,
): Promise<Outcome<Reservation>> {
  const located = await ground.locate(command.reservationId, command.customerId)
  if (!located) return noSuchReservation()
  const outcome = await ground.scripts.releaseSeats({ ...located, ...traceOf(command) })
  switch (outcome.type) {
    case 'released':
    case 'already':
      return changed(ground, outcome.record)
    default:
      return refusal(ground, located, outcome)
  }
}

/** Moves a hold's deadline, within the show's limit. */
export async function extend(
  ground: Ground,
  command: ChangeCommand,
): Promise<Outcome<Reservation>> {
  const located = await ground.locate(command.reservationId, command.customerId)
  if (!located) return noSuchReservation()
  const { policy } = await ground.showOf(located.showId)
  const outcome = await ground.scripts.extendHold({
    ...located,
    ttlMs: policy.holdTtlMs,
    extensionMaxMs: policy.holdExtensionMaxMs,
    ...traceOf(command),
  })
  if (outcome.type === 'extended') return changed(ground, outcome.record)
  return refusal(ground, located, outcome)
}

/** What checkouts go through. */
export interface Till {
  /** Checkouts of one shard that arrive in the same turn share a script call. */
  readonly batcher: ShardBatcher<CheckoutRequest, CheckoutOutcome>
  readonly underWay: CheckoutsUnderWay
}

/** Fences a hold for payment. The same key and body again: the same reservation again. */
export async function checkout(
  ground: Ground,
  { batcher, underWay }: Till,
  command: CheckoutCommand,
): Promise<Outcome<Reservation>> {
  const located = await ground.locate(command.reservationId, command.customerId)
  if (!located) return noSuchReservation()
  if (!underWay.hasRoomFor(located.shard, located.reservationId)) {
    return refused('unavailable', 'too many payments are under way; the hold stays as it is')
  }
  const { policy } = await ground.showOf(located.showId)
  const { key, paymentToken, contact } = command
  const { shard, ...reservation } = located
  const outcome = await batcher.add(shard, {
    ...reservation,
    checkoutKey: key,
    checkoutHash: checkoutHashOf(command),
    windowMs: policy.paymentWindowMs,
    paymentToken,
    ...(contact && { contact }),
    ...traceOf(command),
  })
  switch (outcome.type) {
    case 'paying':
    case 'exists':
      return changed(ground, outcome.record)
    case 'reused':
      return refused('idempotency-key-reused', 'the key was used for another payment')
    default:
      return refusal(ground, located, outcome)
  }
}

const traceOf = ({ traceparent }: ChangeCommand) => (traceparent ? { traceparent } : {})

async function changed(ground: Ground, record: ReservationRecord): Promise<Outcome<Reservation>> {
  ground.saw(record.showId, record.version)
  return done(await ground.view(record))
}

type Success = 'released' | 'already' | 'extended' | 'paying' | 'exists' | 'reused'
type Failed = Exclude<ReleaseOutcome | ExtendOutcome | CheckoutOutcome, { type: Success }>

async function refusal(ground: Ground, located: Located, outcome: Failed): Promise<Refused> {
  switch (outcome.type) {
    case 'not_found':
      return refusalOfForgotten(ground, located)
    case 'overdue':
      await ground.expire(located, [located.reservationId])
      return holdExpired()
    case 'expired':
      return holdExpired()
    case 'wrong_state':
      return wrongState(outcome.status)
    case 'no_epoch':
      return ground.refuseShard(located.shard)
  }
}

/** Redis forgets what has been over for a day; SQL still knows how it ended. */
async function refusalOfForgotten(ground: Ground, located: Located): Promise<Refused> {
  const record = await ground.read(located.reservationId)
  if (record?.customerId !== located.customerId) return noSuchReservation()
  return record.status === 'expired' ? holdExpired() : wrongState(record.status)
}

export const noSuchReservation = (): Refused =>
  refused('not-found', 'there is no such reservation of yours')

const holdExpired = (): Refused => refused('hold-expired', 'its seats are free again')

const wrongState = (status: ReservationStatus): Refused =>
  refused('wrong-state', `the reservation is ${status}`, { reservationStatus: status })
