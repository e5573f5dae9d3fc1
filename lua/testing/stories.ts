/**
 * Random stories for the twins: what is done to a shard, one command after the other. A command
 * names a reservation by a number, or takes one that exists in a status where it may matter.
 */
import fc from 'fast-check'
import { CANCEL_REASONS } from '../../contracts/payloads.ts'
import { RESERVATION_STATUSES, type ReservationRecord, type ReservationStatus } from '../record.ts'
import type { HoldRequest } from '../seatVerbs.ts'
import { FOREVER_MS, PRICE } from './shard.ts'
import type { Twins } from './twins.ts'

const SEATS = 6
const RESERVATIONS = 12
const STORY_LENGTH_MAX = 50

const idOf = (n: number) => `r07_${String(n).padStart(26, '0')}`
/** A reservation id belongs to a show, as one derived from the request does. */
const showOf = (n: number) => (n % 3 === 0 ? 'matinee' : 'evening')

const isRare = fc.oneof(
  { weight: 9, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
)
const number = fc.integer({ min: 1, max: RESERVATIONS })
const customer = fc.constantFrom('ann', 'bob', 'cho')
const seats = fc.uniqueArray(fc.integer({ min: 0, max: SEATS - 1 }), { minLength: 1, maxLength: 3 })
/** Already over when it begins, or never over: so it does not matter how fast the test runs. */
const durationMs = fc.constantFrom(0, FOREVER_MS, FOREVER_MS, FOREVER_MS)
const traceparent = fc.constantFrom(undefined, 'trace one', 'trace two')
const reason = fc.constantFrom(...CANCEL_REASONS)

/** `n` is the reservation's number if `isBlind`, else it counts among those that are suitable. */
const which = { n: number, isBlind: isRare, isStranger: isRare, traceparent }

const hold = fc.record({
  n: number,
  isRepeat: isRare,
  customerId: customer,
  seats,
  ttlMs: durationMs,
  buyerSeatsMax: fc.integer({ min: 3, max: 6 }),
  traceparent,
})

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ holds: fc.array(hold, { minLength: 1, maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ release: fc.record(which) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      extend: fc.record(which),
      ttlMs: durationMs,
      extensionMaxMs: fc.constantFrom(0, 5_000, FOREVER_MS),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      checkouts: fc.array(
        fc.record({
          ...which,
          checkoutKey: fc.constantFrom('key one', 'key one', 'key two'),
          checkoutHash: fc.constantFrom('hash', 'hash', 'other hash'),
          windowMs: fc.constantFrom(0, FOREVER_MS),
          contact: fc.constantFrom(undefined, { email: 'ann@example.org', locale: 'ko' }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ confirm: fc.record(which) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      confirmAll: fc.array(fc.record(which), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      cancel: fc.record(which),
      input: fc.constantFrom(undefined, undefined, undefined, 'cancel_show', 'refund', 'refund'),
      reason,
      paymentId: fc.constantFrom(undefined, 'payment of the cancellation'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ settle: fc.record(which), reason }) },
  { weight: 4, arbitrary: fc.record({ expire: fc.array(fc.record(which), { minLength: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ due: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ read: number }) },
  {
    weight: 1,
    arbitrary: fc.record({
      recreate: number,
      status: fc.constantFrom('expired' as const, ...RESERVATION_STATUSES),
      customerId: customer,
      seats,
      owns: fc.boolean(),
    }),
  },
)
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never
type Which = { n: number; isBlind: boolean; isStranger: boolean; traceparent?: string | undefined }

/** A loss of Redis, with what comes while it is rebuilt: messages again, and buyers in vain. */
const loss = fc.record({ meanwhile: fc.array(command, { maxLength: 4 }) })

/** Commands in a row, now and then with a loss of Redis. */
export const stories = fc.array(
  fc.oneof({ weight: 20, arbitrary: command }, { weight: 1, arbitrary: loss }),
  { minLength: 10, maxLength: STORY_LENGTH_MAX, size: 'max' },
)
type Story = typeof stories extends fc.Arbitrary<infer Value> ? Value : never

/** Tells the story to both twins, who compare themselves after every command. */
export async function tell(twins: Twins, story: Story): Promise<void> {
  for (const what of story) {
    if ('meanwhile' in what) {
      await twins.rebuild(async (permit) => {
        for (const again of what.meanwhile) await perform(twins, again, permit)
      })
    } else {
      await perform(twins, what)
    }
  }
}

async function perform(twins: Twins, what: Command, permit?: string): Promise<void> {
  if ('holds' in what) {
    const requests = what.holds.map((one) => requestOf(twins, one))
    return twins.run('holdSeats', { requests })
  }
  if ('expire' in what) {
    const chosen = what.expire.map((one) => choose(twins, one, ['held', 'paying']))
    const { showId } = chosen[0]!
    const ids = new Set(chosen.map((one) => one.reservationId))
    return twins.run('expireHolds', { showId, reservationIds: [...ids] })
  }
  if ('due' in what) return twins.run('dueHolds', { limit: what.due })
  if ('read' in what) return twins.run('readSeats', { showId: showOf(what.read) })
  if ('recreate' in what) {
    const { recreate: n, ...rest } = what
    const reservations = [recordOf(n, rest)]
    return twins.run('restore', { showId: showOf(n), reservations, ...(permit && { permit }) })
  }
  if ('confirm' in what || 'confirmAll' in what || 'cancel' in what || 'settle' in what) {
    return performSagaStep(twins, what, permit)
  }
  return performAsBuyer(twins, what)
}

type SagaCommand = Extract<
  Command,
  { confirm: object } | { confirmAll: object } | { cancel: object } | { settle: object }
>

async function performSagaStep(twins: Twins, what: SagaCommand, permit?: string): Promise<void> {
  const step = (one: Which, suitable: readonly ReservationStatus[]) => {
    const { reservationId, showId } = choose(twins, one, suitable)
    const { isStranger, traceparent } = one
    const cause = `message about ${reservationId}`
    const shown = permit && isStranger ? 'not the token' : permit
    return known({ reservationId, showId, cause, permit: shown, traceparent })
  }
  const confirmation = (one: Which) => {
    const asked = step(one, ['paying', 'paying', 'expired'])
    const tickets = [{ ticketId: `t of ${asked.reservationId}`, seatId: 'A-1-1' }]
    return { ...asked, paymentId: 'payment', tickets }
  }
  if ('confirm' in what) return twins.run('confirmSeats', confirmation(what.confirm))
  if ('confirmAll' in what) {
    const all = what.confirmAll.map(confirmation)
    const confirmations = all.map(({ permit, ...rest }) => rest)
    return twins.run('confirmAll', { confirmations, ...known({ permit: all[0]?.permit }) })
  }
  if ('cancel' in what) {
    const { cancel, ...rest } = what
    const suitable = [
      'paying',
      'confirmed',
      'expired',
      'refunding',
      'confirmed',
      'cancelled',
    ] as const
    return twins.run('cancelSeats', { ...step(cancel, suitable), ...known(rest) })
  }
  const suitable = ['refunding', 'expired', 'cancelled'] as const
  const asked = { ...step(what.settle, suitable), paymentId: 'payment', reason: what.reason }
  return twins.run('settleRefund', asked)
}

type BuyerCommand = Extract<
  Command,
  { release: object } | { extend: object } | { checkouts: object }
>

async function performAsBuyer(twins: Twins, what: BuyerCommand): Promise<void> {
  const own = (one: Which, suitable: readonly ReservationStatus[]) => {
    const { reservationId, showId, customerId } = choose(twins, one, suitable)
    const { isStranger, traceparent } = one
    return known({
      reservationId,
      showId,
      customerId: isStranger ? 'stranger' : customerId,
      traceparent,
    })
  }
  if ('release' in what)
    return twins.run('releaseSeats', own(what.release, ['held', 'held', 'released']))
  if ('extend' in what) {
    const { extend, ...durations } = what
    return twins.run('extendHold', { ...own(extend, ['held']), ...durations })
  }
  const checkouts = what.checkouts.map((one) => {
    const { checkoutKey, checkoutHash, windowMs, contact } = one
    const body = { paymentToken: 'tok_ok', ...known({ contact }) }
    return {
      ...own(one, ['held', 'held', 'paying']),
      ...{ checkoutKey, checkoutHash, windowMs, ...body },
    }
  })
  return twins.run('startAll', { checkouts })
}

/** The reservation that a command is about; where none is suitable, any, be it missing. */
function choose(twins: Twins, one: Which, suitable: readonly ReservationStatus[]) {
  const all = Object.values(twins.book.state.records)
  const wanted = suitable[one.n % suitable.length]
  const best = all.filter(({ status }) => status === wanted)
  const good = best.length > 0 ? best : all.filter(({ status }) => suitable.includes(status))
  const found = one.isBlind ? all : good
  const { reservationId, showId, customerId } = found[one.n % found.length] ?? {
    reservationId: idOf(one.n),
    showId: showOf(one.n),
    customerId: 'ann',
  }
  return { reservationId, showId, customerId }
}

type Hold = typeof hold extends fc.Arbitrary<infer Value> ? Value : never

function requestOf(twins: Twins, { n, isRepeat, ...rest }: Hold): HoldRequest {
  const reservationId = idOf(n)
  const before = isRepeat ? twins.book.state.records[reservationId] : undefined
  const named = before?.seats ?? rest.seats
  return {
    ...known(rest),
    reservationId,
    showId: showOf(n),
    amount: PRICE,
    seats: named,
    requestHash: `hash of ${named.join()}`,
  }
}

/** What restores or recreates a reservation that Redis does not have. */
function recordOf(
  n: number,
  rest: Pick<ReservationRecord, 'status' | 'customerId' | 'seats' | 'owns'>,
): ReservationRecord {
  const { status } = rest
  const isOwner = status === 'held' || status === 'paying' || status === 'confirmed'
  return {
    ...rest,
    reservationId: idOf(n),
    showId: showOf(n),
    amount: PRICE,
    requestHash: '',
    createdMs: 1_700_000_000_000,
    deadlineMs: 1_700_000_000_001,
    version: '0-0',
    owns: isOwner || (status === 'refunding' && rest.owns),
  }
}

/** The same object without the members that are undefined. */
function known<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}
