/** Holds of one seat each, and nothing else or their release: closed loop and open loop. */
import { randomBytes } from 'node:crypto'
import { serveArrivals } from './arrivals.ts'
import type { Loop } from './closedLoop.ts'
import { RawConnection } from './connection.ts'
import { countFailure, type Figures, noFigures } from './figures.ts'
import { reservationIdIn } from './orders.ts'

export interface Seat {
  showId: string
  seatId: string
}

export interface HoldOptions {
  http: string
  tokens: readonly string[]
  /** Answers the seat of the next hold. */
  nextSeat: () => Seat
  /** Told of every hold: its seat and the whole answer. */
  onHeld?: (seat: Seat, answer: string) => void
}

/** Sends holds. */
class Holder {
  readonly #options: HoldOptions
  readonly #host: string
  readonly #run = randomBytes(6).toString('hex')
  #holds = 0
  figures: Figures = noFigures()

  constructor(options: HoldOptions) {
    this.#options = options
    this.#host = new URL(options.http).host
  }

  readonly open = (): RawConnection => {
    const { hostname, port } = new URL(this.#options.http)
    return new RawConnection({ host: hostname, port: Number(port) })
  }

  /** Holds the next seat and, when asked to, gives it back. */
  async hold(connection: RawConnection, beginAt: number, isReleasing = false): Promise<void> {
    this.#holds += 1
    const { tokens, nextSeat, onHeld } = this.#options
    const token = tokens[this.#holds % tokens.length] as string
    const seat = nextSeat()
    const { status, text } = await connection.ask(this.#holdText(token, seat))
    if (status !== 201) return this.#fail(status)
    this.figures.accepted += 1
    this.figures.holdMs.push(performance.now() - beginAt)
    onHeld?.(seat, text)
    if (!isReleasing) return
    const released = await connection.ask(this.#releaseText(token, reservationIdIn(text)))
    if (released.status !== 204) this.#fail(released.status)
  }

  #fail(status: number): void {
    countFailure(this.figures, status === 0 ? 'lost' : String(status))
  }

  #holdText(token: string, { showId, seatId }: Seat): string {
    const body = `{"seatIds":["${seatId}"]}`
    return (
      `POST /v1/shows/${showId}/reservations HTTP/1.1\r\nHost: ${this.#host}\r\n` +
      `Authorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
      `Idempotency-Key: ${this.#run}-${this.#holds}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    )
  }

  #releaseText = (token: string, reservationId: string): string =>
    `DELETE /v1/reservations/${reservationId} HTTP/1.1\r\nHost: ${this.#host}\r\n` +
    `Authorization: Bearer ${token}\r\n\r\n`
}

/** As many buyers as given, each holding again as soon as it has been answered. */
export function startHoldLoop(options: HoldOptions & { buyers: number }): Loop {
  const holder = new Holder(options)
  let isOpen = true
  const work = async (): Promise<void> => {
    const connection = holder.open()
    while (isOpen) await holder.hold(connection, performance.now())
    connection.close()
  }
  const crowd = Promise.all(Array.from({ length: options.buyers }, work))
  // A bug is reported by stop(); without this it would end the process before.
  crowd.catch(() => {
    isOpen = false
  })
  return loopOf(holder, async () => {
    isOpen = false
    await crowd
  })
}

/** Holds at a constant rate, each followed by its release when `isReleasing`. */
export function startHoldArrivals(
  options: HoldOptions & { holdsPerS: number; isReleasing?: boolean },
): Loop {
  const holder = new Holder(options)
  const stop = serveArrivals({
    ratePerS: options.holdsPerS,
    open: holder.open,
    work: (connection, dueAt) => holder.hold(connection, dueAt, options.isReleasing),
    onDropped: () => {
      holder.figures.dropped += 1
    },
  })
  return loopOf(holder, stop)
}

const loopOf = (holder: Holder, stop: () => Promise<void>): Loop => ({
  get figures() {
    return holder.figures
  },
  reset() {
    holder.figures = noFigures()
  },
  stop,
})
