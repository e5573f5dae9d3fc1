/**
 * A claim is this process's word that it makes one call for a payment. It is committed before the
 * call, so that whatever happens to the process, nobody takes the payment for untouched.
 */
import { randomBytes } from 'node:crypto'
import type { Queryable } from '../platform/mysql/database.ts'
import { type ClaimKind, claimPayments, findDue, readClaimed } from './dueStore.ts'
import { byId, type StoredOrder } from './store.ts'

export interface Claimed<O> {
  order: O
  /** Goes with the call's outcome, so that the outcome of an older call changes nothing. */
  claim: string
}

const instance = randomBytes(6).toString('hex')
let claims = 0

function nextClaim(): string {
  claims += 1
  return `${instance}-${claims.toString(36)}`
}

/** Claims those orders that are still to be had. */
export async function claimOrders<O extends { reservationId: string }>(
  db: Queryable,
  options: { kind: ClaimKind; orders: readonly O[]; leaseMs: number },
): Promise<Claimed<O>[]> {
  const { kind, orders, leaseMs } = options
  const claim = nextClaim()
  const reservationIds = byId(new Set(orders.map((order) => order.reservationId)))
  const count = await claimPayments(db, { kind, reservationIds, claim, leaseMs })
  if (count === orders.length) return orders.map((order) => ({ order, claim }))
  if (count === 0) return []
  const got = await readClaimed(db, { reservationIds, claim })
  const gotIds = new Set(got.map((order) => order.reservationId))
  return orders
    .filter((order) => gotIds.delete(order.reservationId))
    .map((order) => ({ order, claim }))
}

/** Finds and claims payments that are due, up to `limit`. */
export async function claimDue(
  db: Queryable,
  options: { kind: ClaimKind; limit: number; leaseMs: number },
): Promise<Claimed<StoredOrder>[]> {
  const { kind, limit, leaseMs } = options
  if (limit <= 0) return []
  const reservationIds = byId(await findDue(db, { kind, limit }))
  if (reservationIds.length === 0) return []
  const claim = nextClaim()
  const count = await claimPayments(db, { kind, reservationIds, claim, leaseMs })
  if (count === 0) return []
  const orders = await readClaimed(db, { reservationIds, claim })
  return orders.map((order) => ({ order, claim }))
}
