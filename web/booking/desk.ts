/**
 * The buyer's side of one show: what is held, paid for and ticketed, and the commands that change
 * it. A press shows at once; what is true is what the server says.
 */
import type { Connection, Outcome, Problem, Reservation, Watch } from '../../client/holdfast.ts'
import { Store } from '../app/store.ts'
import { indexOf, type Plan, seatAt } from '../venue/plan.ts'
import {
  type Claim,
  type Claims,
  changed,
  claimFor,
  firstDeadline,
  heard,
  isHeld,
  looksOf,
  type OwnLook,
  without,
} from './claims.ts'
import type { Notice } from './notice.ts'
import { forgetReservation, rememberedReservations, rememberReservation } from './remembered.ts'
import { neighbours } from './together.ts'

export interface DeskOptions {
  showId: string
  plan: Plan
  connection: Connection
  watch: Watch
  tell: (notice: Notice) => void
}

const newId = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-')

/** A second press on one seat within this time is a nervous finger, not a change of mind. */
const SAME_PRESS_MS = 450

/** Seconds before the end at which the buyer is told. */
const WARNINGS_S = [60, 30, 10]

export class Desk {
  readonly claims = new Store<Claims>([])
  /** Milliseconds until the first hold runs out; null while nothing is held. */
  readonly leftMs = new Store<number | null>(null)
  /** How many neighbours one press holds. */
  readonly together = new Store(1)
  readonly #options: DeskOptions
  readonly #ends: (() => void)[]
  #looked: { claims: Claims; looks: ReadonlyMap<number, OwnLook> } = {
    claims: [],
    looks: new Map(),
  }
  #deadline: string | null = null
  #lastPress = { index: -1, atMs: 0 }
  #stopCountdown: () => void = () => {}

  constructor(options: DeskOptions) {
    this.#options = options
    this.#ends = [
      options.connection.on('reservation', (told) => this.#hear(told)),
      this.claims.subscribe((claims) => this.#follow(firstDeadline(claims))),
    ]
    for (const id of rememberedReservations(options.showId)) void this.#recall(id)
  }

  close(): void {
    this.#stopCountdown()
    for (const end of this.#ends) end()
  }

  /** How one's own seats look, by index. */
  get looks(): ReadonlyMap<number, OwnLook> {
    if (this.#looked.claims !== this.claims.value) {
      this.#looked = { claims: this.claims.value, looks: looksOf(this.claims.value) }
    }
    return this.#looked.looks
  }

  isFree(index: number): boolean {
    return this.#options.watch.map.stateAt(index) === 0 && !this.looks.has(index)
  }

  /** What a press on a free seat would hold: itself, or as many neighbours as are wanted. */
  wantedAt(index: number): number[] | null {
    const { plan } = this.#options
    return neighbours(plan, index, this.together.value, (seat) => this.isFree(seat))
  }

  /** A seat was pressed: holds it, or gives it back when it is one's own. */
  press(index: number): void {
    const { plan, watch, tell } = this.#options
    const atMs = performance.now()
    const isAgain = index === this.#lastPress.index && atMs - this.#lastPress.atMs < SAME_PRESS_MS
    if (isAgain) return
    this.#lastPress = { index, atMs }
    const own = this.claims.value.find((claim) => claim.indexes.includes(index))
    const state = watch.map.stateAt(index)
    const wanted = this.wantedAt(index)
    if (own && this.looks.has(index)) this.#pressOwn(own)
    else if (state !== 0) tell({ type: 'not-free', seatId: seatAt(plan, index).seatId, state })
    else if (wanted) void this.#hold(wanted)
    else tell({ type: 'none-together', count: this.together.value })
  }

  #pressOwn(claim: Claim): void {
    if (!isHeld(claim) || claim.doing) return
    if (claim.seatIds.length === 1) void this.release(claim)
    else this.#options.tell({ type: 'held-together', seatIds: claim.seatIds })
  }

  async #hold(indexes: readonly number[]): Promise<void> {
    const { plan, connection, showId, tell } = this.#options
    const seatIds = indexes.map((index) => seatAt(plan, index).seatId)
    const key = newId()
    const claim = { key, seatIds, indexes, reservation: null, doing: 'hold', isCheckedOut: false }
    this.claims.update((claims) => [...claims, claim as Claim])
    const outcome = await this.#insist(key, (id) => connection.hold(showId, seatIds, { id }))
    if (outcome.type === 'done') {
      this.#hear(outcome.reservation)
      tell({ type: 'held', seatIds })
      return
    }
    this.claims.update((claims) => without(claims, key))
    this.#tellRefusal(outcome)
  }

  /** Gives a hold back. */
  async release(claim: Claim): Promise<void> {
    const { connection, tell } = this.#options
    const { key, reservation, seatIds } = claim
    if (!reservation || claim.doing) return
    this.#begin(key, 'release')
    const { reservationId } = reservation
    const outcome = await this.#insist(newId(), (id) => connection.release(reservationId, { id }))
    this.#end(key)
    if (outcome.type === 'done') {
      this.#hear(outcome.reservation)
      tell({ type: 'released', seatIds })
    } else await this.#ask(reservationId, outcome)
  }

  /** More time for everything that is held. */
  async extend(): Promise<void> {
    const { connection, tell } = this.#options
    const before = this.#deadline
    const held = this.claims.value.filter((claim) => isHeld(claim) && !claim.doing)
    const outcomes = await Promise.all(
      held.map(async ({ key, reservation }) => {
        const { reservationId } = reservation!
        this.#begin(key, 'extend')
        const outcome = await this.#insist(newId(), (id) =>
          connection.extend(reservationId, { id }),
        )
        this.#end(key)
        if (outcome.type === 'done') this.#hear(outcome.reservation)
        else await this.#ask(reservationId, outcome)
        return outcome.type === 'done'
      }),
    )
    if (!outcomes.every(Boolean)) return
    const isLater = (this.#deadline ?? '') > (before ?? '')
    tell({ type: isLater ? 'extended' : 'extended-to-the-end' })
  }

  /** Begins to pay for everything that is held. */
  async checkout(card: string, contact?: { email: string; locale?: string }): Promise<void> {
    const held = this.claims.value.filter((claim) => isHeld(claim) && !claim.doing)
    this.#options.tell({ type: 'processing' })
    await Promise.all(held.map((claim) => this.#pay(claim, card, contact)))
  }

  async #pay({ key, reservation }: Claim, token: string, contact?: { email: string }) {
    const { connection } = this.#options
    const { reservationId } = reservation!
    this.claims.update((claims) => changed(claims, key, { doing: 'checkout', isCheckedOut: true }))
    const outcome = await this.#insist(newId(), (id) =>
      connection.checkout(reservationId, { token }, { id, ...(contact && { contact }) }),
    )
    this.#end(key)
    if (outcome.type === 'done') return this.#hear(outcome.reservation)
    this.claims.update((claims) => changed(claims, key, { isCheckedOut: false }))
    await this.#ask(reservationId, outcome)
  }

  /** The buyer has seen how it ended. What failed is forgotten; tickets stay. */
  dismiss(lost: readonly Claim[]): void {
    const keys = new Set(lost.map(({ key }) => key))
    this.claims.update((claims) => claims.filter(({ key }) => !keys.has(key)))
    for (const { reservation } of lost) {
      if (reservation) forgetReservation(reservation.showId, reservation.reservationId)
    }
  }

  /**
   * Gives a command until somebody answers, as long as there is a connection to be had: under one
   * id it has one effect, and only an answer says what that was.
   */
  async #insist(id: string, give: (id: string) => Promise<Outcome>): Promise<Outcome> {
    for (;;) {
      const outcome = await give(id)
      const isOver = this.#options.connection.state.type === 'closed'
      if (outcome.type !== 'unanswered' || isOver) return outcome
      this.#options.tell(UNANSWERED)
    }
  }

  #begin(key: string, doing: Claim['doing']): void {
    this.claims.update((claims) => changed(claims, key, { doing }))
  }

  #end(key: string): void {
    this.#begin(key, null)
  }

  #hear(told: Reservation): void {
    const { showId, plan, tell } = this.#options
    if (told.showId !== showId) return
    const known = claimFor(this.claims.value, told)
    const next = heard(this.claims.value, told, (seatId) => indexOf(plan, seatId))
    this.claims.set(next)
    if (next.some(({ reservation }) => reservation === told)) {
      rememberReservation(showId, told.reservationId)
    } else forgetReservation(showId, told.reservationId)
    if (!known || known.reservation?.status === told.status) return
    if (told.status === 'expired' && !known.isCheckedOut) {
      tell({ type: 'ran-out', seatIds: told.seatIds })
    }
    if (told.status === 'confirmed') tell({ type: 'confirmed', count: told.seatIds.length })
    if (told.status === 'cancelled') tell({ type: 'not-bought' })
  }

  /** After a command that was not done: tells why, and asks how the reservation really is. */
  async #ask(reservationId: string, outcome: Exclude<Outcome, { type: 'done' }>): Promise<void> {
    this.#tellRefusal(outcome)
    const found = await this.#options.connection.find(reservationId)
    if (found.type === 'done') this.#hear(found.reservation)
    else if (found.type === 'refused' && found.problem.code === 'not-found') {
      this.#lose(reservationId)
    }
  }

  /** The server knows nothing of it: a hold that was lost with the seats' memory. */
  #lose(reservationId: string): void {
    const { showId, tell } = this.#options
    forgetReservation(showId, reservationId)
    const lost = this.claims.value.find(
      (claim) => claim.reservation?.reservationId === reservationId,
    )
    if (!lost) return
    this.claims.update((claims) => without(claims, lost.key))
    tell({ type: 'ran-out', seatIds: lost.seatIds })
  }

  async #recall(reservationId: string): Promise<void> {
    const found = await this.#options.connection.find(reservationId)
    if (found.type === 'done') this.#hear(found.reservation)
    else if (found.type === 'refused' && found.problem.code === 'not-found') {
      this.#lose(reservationId)
    }
  }

  #tellRefusal(outcome: Exclude<Outcome, { type: 'done' }>): void {
    const { tell } = this.#options
    const notice = outcome.type === 'refused' ? noticeOf(outcome.problem) : UNANSWERED
    if (notice) tell(notice)
  }

  #follow(deadline: string | null): void {
    if (deadline === this.#deadline) return
    this.#deadline = deadline
    this.#stopCountdown()
    if (!deadline) {
      this.leftMs.set(null)
      return
    }
    this.#stopCountdown = this.#options.connection.countdown(deadline, (leftMs) => {
      this.leftMs.set(leftMs)
      const seconds = Math.round(leftMs / 1_000)
      if (WARNINGS_S.includes(seconds)) this.#options.tell({ type: 'time-left', seconds })
    })
  }
}

const UNANSWERED: Notice = { type: 'unanswered' }

/** What a refusal is told as; null where how the reservation is says more, which is asked for next. */
function noticeOf(problem: Problem): Notice | null {
  switch (problem.code) {
    case 'seats-taken':
      return { type: 'taken', seatIds: problem.seatIds }
    case 'buyer-limit':
      return { type: 'limit', max: problem.max, have: problem.have }
    case 'too-many-seats':
      return { type: 'too-many', max: problem.max }
    case 'hold-expired':
    case 'wrong-state':
    case 'not-found':
      return null
    default:
      return { type: 'not-now' }
  }
}
