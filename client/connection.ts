import { countDown, ServerClock } from './clock.ts'
import { Commands } from './commands.ts'
import { Emitter } from './emitter.ts'
import type { AnswerFrame, ServerFrame } from './frames.ts'
import { Link } from './link.ts'
import { Reservations } from './reservations.ts'
import type {
  CheckoutOptions,
  CommandOptions,
  ConnectionState,
  ConnectOptions,
  Outcome,
  Reservation,
} from './types.ts'
import { Watch } from './watch.ts'

const ANSWER_MS_MAX = 30_000

export interface ConnectionEvents {
  state: ConnectionState
  /** A reservation of the buyer's, by whatever way it changed: from here, from another tab, by itself. */
  reservation: Reservation
  /** One that the server does not know any more: a hold that was lost with the store that kept it. */
  forgotten: Reservation
}

/** A connection to the feed that heals by itself. Made by `connect`. */
export class Connection extends Emitter<ConnectionEvents> {
  readonly #link: Link
  readonly #commands: Commands
  readonly #clock = new ServerClock()
  readonly #reservations = new Reservations()
  readonly #watches = new Map<string, Watch>()

  constructor(options: ConnectOptions) {
    super()
    this.#commands = new Commands(
      (frame) => this.#link.send(frame),
      options.answerMsMax ?? ANSWER_MS_MAX,
    )
    this.#link = new Link(options, {
      frame: (frame) => this.#hear(frame),
      open: () => this.#opened(),
      state: (state) => this.#entered(state),
    })
  }

  get state(): ConnectionState {
    return this.#link.state
  }

  /** The reservations that this connection has heard of, as they are now, by id. */
  get reservations(): ReadonlyMap<string, Reservation> {
    return this.#reservations.all
  }

  /** Follows the map of a show; the same watch for the same show until it is stopped. */
  watch(showId: string): Watch {
    const known = this.#watches.get(showId)
    if (known) return known
    const watch = new Watch(
      showId,
      (frame) => this.#link.send(frame),
      () => this.#watches.delete(showId),
    )
    this.#watches.set(showId, watch)
    if (this.state.type === 'open') watch.ask()
    return watch
  }

  /** Holds seats, all or none. */
  hold(showId: string, seatIds: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
    return this.#commands.give({ op: 'hold', id: idOf(options), showId, seatIds })
  }

  /** Gives a hold back. */
  release(reservationId: string, options: CommandOptions = {}): Promise<Outcome> {
    return this.#commands.give({ op: 'release', id: idOf(options), reservationId })
  }

  /** Asks for more time, within the show's limit. */
  extend(reservationId: string, options: CommandOptions = {}): Promise<Outcome> {
    return this.#commands.give({ op: 'extend', id: idOf(options), reservationId })
  }

  /** Begins to pay; how it ends comes as a `reservation` event. */
  checkout(
    reservationId: string,
    payment: { token: string },
    options: CheckoutOptions = {},
  ): Promise<Outcome> {
    const { contact } = options
    const id = idOf(options)
    return this.#commands.give({
      ...{ op: 'checkout', id, reservationId, payment },
      ...(contact && { contact }),
    })
  }

  /** Reads a reservation of the buyer's, which from then on is followed. */
  find(reservationId: string, options: CommandOptions = {}): Promise<Outcome> {
    return this.#commands.give({ op: 'find', id: idOf(options), reservationId })
  }

  /** Milliseconds since the epoch by the server's clock. */
  serverNowMs(): number {
    return this.#clock.nowMs()
  }

  /**
   * Calls `onTick` with the milliseconds left until `expiresAt` by the server's clock: at once,
   * whenever another whole second has gone, and a last time with 0. Answers how to stop it.
   */
  countdown(expiresAt: string, onTick: (leftMs: number) => void): () => void {
    return countDown(this.#clock, expiresAt, onTick)
  }

  /** Ends the wait for the next attempt to connect. */
  retryNow(): void {
    this.#link.retryNow()
  }

  /** Closes for good; commands without an answer end as `unanswered`. */
  close(): void {
    this.#link.close()
  }

  #opened(): void {
    this.#clock.reset()
    for (const watch of this.#watches.values()) watch.ask()
    this.#commands.repeat()
    for (const reservation of this.#reservations.open()) void this.#refresh(reservation)
  }

  async #refresh(reservation: Reservation): Promise<void> {
    const outcome = await this.find(reservation.reservationId)
    if (outcome.type !== 'refused' || outcome.problem.code !== 'not-found') return
    this.#reservations.forget(reservation.reservationId)
    this.emit('forgotten', reservation)
  }

  #entered(state: ConnectionState): void {
    if (state.type !== 'open') for (const watch of this.#watches.values()) watch.lost()
    if (state.type === 'closed') this.#commands.end()
    this.emit('state', state)
  }

  #hear(frame: ServerFrame): void {
    if ('now' in frame && frame.now) this.#clock.observe(frame.now)
    switch (frame.op) {
      case 'reservation':
        if (this.#reservations.hear(frame.reservation)) this.emit('reservation', frame.reservation)
        if (frame.id) this.#commands.answer(frame as AnswerFrame)
        return
      case 'error':
        if (frame.id) this.#commands.answer(frame as AnswerFrame)
        else if (frame.showId) this.#watches.get(frame.showId)?.hear(frame)
        return
      case 'snapshot':
      case 'resumed':
      case 'delta':
      case 'unsubscribed':
        this.#watches.get(frame.showId)?.hear(frame)
        return
      // A server may be newer than this SDK.
      default:
    }
  }
}

/** 128 random bits. Not randomUUID, which browsers have on secure pages alone. */
function idOf({ id }: CommandOptions): string {
  if (id !== undefined) return id
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
