/** Bindings of the sweeper's scripts: what is due, and expiring it. */
import { defineBatch, defineScript } from '../defineScript.ts'
import type { DueOutcome, DueQuery, ExpireOutcome, Expiry, NoEpoch } from '../seatVerbs.ts'
import { MISSING, NO_EPOCH, statusOf } from './common.ts'

export const dueHolds = defineScript<DueQuery, DueOutcome>({
  name: 'dueHolds',
  keys: ['epoch', 'deadlines'],
  args: { limit: (query) => query.limit },
  outcomes: {
    DUE: ([now, next, ...members]) => ({
      type: 'due',
      holds: members.map(holdOf),
      nowMs: Number(now),
      nextMs: next ? Number(next) : null,
    }),
    NO_EPOCH,
  },
})

/** Splits `<showId>/<reservationId>`. */
function holdOf(member: string): { showId: string; reservationId: string } {
  const cut = member.indexOf('/')
  return { showId: member.slice(0, cut), reservationId: member.slice(cut + 1) }
}

export const expireHolds = defineBatch<Expiry, { reservationId: string }, ExpireOutcome, NoEpoch>({
  name: 'expireHolds',
  keys: ['epoch', 'log', 'deadlines', 'seats', 'version', 'buyers'],
  args: { showId: (expiry) => expiry.showId },
  outcomes: { NO_EPOCH },
  each: {
    of: (expiry) => expiry.reservationIds.map((reservationId) => ({ reservationId })),
    keys: ['reservation'],
    args: { reservationId: (hold) => hold.reservationId },
    outcomes: {
      EXPIRED: ([version = '', phase]) => ({
        type: 'expired',
        version,
        phase: phase === 'paying' ? 'paying' : 'held',
      }),
      EARLY: ([deadline]) => ({ type: 'early', deadlineMs: Number(deadline) }),
      SAME: ([status]) => ({ type: 'same', status: statusOf(status) }),
      MISSING,
    },
  },
})
