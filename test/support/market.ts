/**
 * Buyers who keep buying while the test breaks things, and what they were told. Afterwards their
 * histories are held against the system: nothing that was answered may be gone (I7), and no
 * reservation may have gone backwards (I9).
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Buyer, type ReservationView } from './client.ts'

export interface Purchase {
  buyer: Buyer
  reservationId: string
  seatIds: readonly string[]
  /** Every status this buyer read, in the order of the reads. */
  statuses: string[]
  /** When the checkout was answered with 202, in epoch milliseconds. */
  checkedOutAtMs?: number
}

export interface Market {
  readonly purchases: Purchase[]
  /** Tells the buyers to finish what they do, and waits for them. */
  close(): Promise<void>
}

export interface MarketOptions {
  http: string
  showId: string
  seatIds: readonly string[]
  buyers: number
  /** Card tokens; each purchase takes the next one. */
  cards: readonly string[]
  /** How many purchases one buyer makes at most. */
  purchasesMax: number
}

const LOOKING_AROUND_MS = 1_000
const SETTLED = new Set(['confirmed', 'released', 'expired', 'cancelled', 'refunded'])

/** Opens the market: the buyers are at work until it is closed or each has made its purchases. */
export function openMarket(options: MarketOptions): Market {
  const purchases: Purchase[] = []
  const state = { isOpen: true, next: 0 }
  const crowd = Promise.all(
    Array.from({ length: options.buyers }, () => buyerAtWork(options, purchases, state)),
  )
  // A buyer's failure is reported by close(); without this it would end the process before.
  crowd.catch(() => undefined)
  return {
    purchases,
    async close() {
      state.isOpen = false
      await crowd
    },
  }
}

async function buyerAtWork(
  options: MarketOptions,
  purchases: Purchase[],
  state: { isOpen: boolean; next: number },
): Promise<void> {
  let buyer = await Buyer.open(options.http)
  for (let made = 0; state.isOpen && made < options.purchasesMax; made += 1) {
    const turn = state.next
    state.next += 1
    // A new customer every few purchases keeps the per-buyer limit out of the way.
    if (made % 3 === 2) buyer = await Buyer.open(options.http)
    const purchase = await buy(options, buyer, turn)
    if (purchase) purchases.push(purchase)
    // People look around between two purchases; without it a quick machine sells out at once.
    await pause(LOOKING_AROUND_MS)
  }
}

async function buy(options: MarketOptions, buyer: Buyer, turn: number): Promise<Purchase | null> {
  const wanted = seatsOf(options.seatIds, turn)
  const held = await buyer.hold(options.showId, wanted, randomUUID())
  if (held.status === 409 || held.status === 422) return null
  if (held.status !== 201) throw unexpected('hold', held)
  const { reservationId, seatIds, status } = held.body
  const purchase: Purchase = {
    buyer,
    reservationId,
    seatIds,
    statuses: [status],
  }
  const card = options.cards[turn % options.cards.length]!
  const paid = await buyer.checkout(reservationId, card)
  // 410: the deadline came first; 404 or 409: a hold that was lost together with Redis.
  if ([404, 409, 410].includes(paid.status)) return purchase
  if (paid.status !== 202) throw unexpected('checkout', paid)
  purchase.checkedOutAtMs = Date.now()
  purchase.statuses.push(paid.body.status)
  const seen = await buyer.find(reservationId, 2)
  if (seen.status === 200) purchase.statuses.push(seen.body.status)
  return purchase
}

function unexpected(what: string, reply: { status: number; body: unknown }): Error {
  return new Error(`${what} answered ${reply.status}: ${JSON.stringify(reply.body)}`)
}

/** One or two neighbours, chosen so that buyers meet each other often. */
function seatsOf(seatIds: readonly string[], turn: number): string[] {
  const at = (turn * 7919) % (seatIds.length - 1)
  return turn % 2 === 0 ? [seatIds[at]!] : [seatIds[at]!, seatIds[at + 1]!]
}

const FOLLOWERS: Record<string, readonly string[]> = {
  held: ['paying', 'released', 'expired'],
  paying: ['confirmed', 'cancelled', 'expired'],
  expired: ['confirmed', 'refunding', 'refunded'],
  cancelled: ['refunding', 'refunded'],
  confirmed: ['refunding'],
  refunding: ['refunded'],
  released: [],
  refunded: [],
}

/** Whether a reservation may be seen as `later` some time after it was seen as `earlier`. */
export function mayFollow(earlier: string, later: string): boolean {
  if (earlier === later) return true
  return (FOLLOWERS[earlier] ?? []).some((next) => next === later || mayFollow(next, later))
}

/** Reads every purchase once more, notes the status, and answers what is not settled yet. */
export async function unsettled(purchases: readonly Purchase[]): Promise<Purchase[]> {
  const views = await Promise.all(purchases.map((purchase) => look(purchase)))
  return purchases.filter((_, at) => !SETTLED.has(views[at]?.status ?? 'missing'))
}

async function look(purchase: Purchase): Promise<ReservationView | null> {
  const { status, body } = await purchase.buyer.find(purchase.reservationId)
  if (status !== 200) return null
  purchase.statuses.push(body.status)
  return body
}

/** What buyers were told and what does not hold: gone reservations, steps backwards. */
export async function brokenPromises(purchases: readonly Purchase[]): Promise<string[]> {
  const broken: string[] = []
  for (const purchase of purchases) {
    const { reservationId, statuses, seatIds } = purchase
    const view = await look(purchase)
    if (!view) broken.push(`I7: ${reservationId} was ${statuses.at(-1)} and is gone`)
    else if (view.seatIds.join() !== seatIds.join()) {
      broken.push(`I7: ${reservationId} has other seats than it was given`)
    }
    for (let at = 1; at < statuses.length; at += 1) {
      if (mayFollow(statuses[at - 1]!, statuses[at]!)) continue
      broken.push(`I9: ${reservationId} went ${statuses.join(' -> ')}`)
    }
  }
  return broken
}
