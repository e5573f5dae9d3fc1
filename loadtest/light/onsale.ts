/**
 * The buyers of an on-sale. Each comes once, looks at the map, presses two neighbours as far to the
 * front as it can find, and when somebody was quicker looks again. Whoever gets seats pays.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { headerOf, RawConnection } from './connection.ts'
import { isConfirmed, type OrderTexts, orderTexts, reservationIdIn } from './orders.ts'

export interface OnsaleHall {
  http: string
  showId: string
  rows: number
  seatsPerRow: number
}

/** What became of one buyer; moments by performance.now(). */
export interface Visit {
  arrivedAt: number
  end: 'bought' | 'sold out' | 'gave up' | 'failed'
  /** When it had its tickets. */
  boughtAt: number | null
  holdAttempts: number
  conflicts: number
  /** How often it looked at the map. */
  looks: number
}

export interface OnsaleFigures {
  visits: Visit[]
  /** Answers by status, of everything that was asked. */
  statuses: Map<number, number>
  holdMs: number[]
  ticketMs: number[]
}

const ATTEMPTS_MAX = 20
const RETRY_MS_MAX = 2_000
const WAIT_S = 30
/** Everyone wants the front rows, but not everyone the same two seats of them. */
const FRONT_PAIRS = 40
const BODY_MARK = '\r\n\r\n'

/** Indexes of the first free pairs of the map, front to back; a pair is an even seat and the next. */
export function frontPairs(
  states: string,
  { seats, max }: { seats: number; max: number },
): number[] {
  const pairs: number[] = []
  for (let seat = 0; seat + 1 < seats && pairs.length < max; seat += 2) {
    const byte = states.charCodeAt(seat >> 2)
    if (((byte >> ((seat & 3) * 2)) & 15) === 0) pairs.push(seat)
  }
  return pairs
}

/** One buyer from arrival to ticket or to going home empty-handed. */
export class OnsaleBuyer {
  readonly #hall: OnsaleHall
  readonly #texts: OrderTexts
  readonly #figures: OnsaleFigures
  readonly #connection: RawConnection
  readonly #key = randomBytes(8).toString('hex')

  constructor(hall: OnsaleHall, figures: OnsaleFigures) {
    const { hostname, port } = new URL(hall.http)
    this.#hall = hall
    this.#figures = figures
    this.#texts = orderTexts(hall.http)
    this.#connection = new RawConnection({ host: hostname, port: Number(port) })
  }

  async visit(arrivedAt: number): Promise<void> {
    const visit: Visit = {
      ...{ arrivedAt, end: 'failed', boughtAt: null },
      ...{ holdAttempts: 0, conflicts: 0, looks: 0 },
    }
    this.#figures.visits.push(visit)
    try {
      visit.end = await this.#shop(visit)
    } finally {
      this.#connection.close()
    }
  }

  async #shop(visit: Visit): Promise<Visit['end']> {
    const token = await this.#openSession()
    if (token === null) return 'failed'
    while (visit.holdAttempts < ATTEMPTS_MAX) {
      const pairs = await this.#look(visit)
      if (pairs === null) return 'failed'
      if (pairs.length === 0) return 'sold out'
      const seat = pairs[Math.floor(Math.random() * pairs.length)] as number
      const held = await this.#hold(visit, { token, seat })
      if (held.status === 201) return this.#pay(visit, { token, answer: held.text })
      if (held.status !== 409) return 'failed'
      visit.conflicts += 1
    }
    return 'gave up'
  }

  async #openSession(): Promise<string | null> {
    const { host } = new URL(this.#hall.http)
    const head = `POST /v1/sessions HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json`
    const { status, text } = await this.#ask(`${head}\r\nContent-Length: 2\r\n\r\n{}`)
    return status === 201 ? (/"token":"([^"]+)"/.exec(text)?.[1] ?? null) : null
  }

  async #look(visit: Visit): Promise<number[] | null> {
    visit.looks += 1
    const { http, showId, rows, seatsPerRow } = this.#hall
    const head = `GET /v1/shows/${showId}/seats HTTP/1.1\r\nHost: ${new URL(http).host}`
    const answer = await this.#ask(`${head}\r\nAccept: application/octet-stream\r\n\r\n`)
    if (answer.status !== 200) return null
    const states = answer.text.slice(answer.text.indexOf(BODY_MARK) + BODY_MARK.length)
    return frontPairs(states, { seats: rows * seatsPerRow, max: FRONT_PAIRS })
  }

  async #hold(visit: Visit, { token, seat }: { token: string; seat: number }) {
    const { showId, seatsPerRow } = this.#hall
    visit.holdAttempts += 1
    const row = `A-${Math.floor(seat / seatsPerRow) + 1}`
    const number = (seat % seatsPerRow) + 1
    const seats = { showId, first: `${row}-${number}`, second: `${row}-${number + 1}` }
    const askedAt = performance.now()
    const key = `${this.#key}-${visit.holdAttempts}`
    const answer = await this.#ask(this.#texts.hold({ token, seats, key }))
    this.#figures.holdMs.push(performance.now() - askedAt)
    return answer
  }

  async #pay(
    visit: Visit,
    { token, answer }: { token: string; answer: string },
  ): Promise<Visit['end']> {
    const reservationId = reservationIdIn(answer)
    const clickedAt = performance.now()
    const order = { token, reservationId, key: this.#key }
    const paid = await this.#ask(this.#texts.checkout(order))
    if (paid.status !== 202) return 'failed'
    const ticket = await this.#ask(this.#texts.wait({ ...order, waitS: WAIT_S }))
    if (!isConfirmed(ticket.text)) return 'failed'
    visit.boughtAt = performance.now()
    this.#figures.ticketMs.push(visit.boughtAt - clickedAt)
    return 'bought'
  }

  /** Comes back as often as it is told to (429 and 503 with Retry-After). */
  async #ask(request: string): Promise<{ status: number; text: string }> {
    for (;;) {
      const answer = await this.#connection.ask(request)
      const { statuses } = this.#figures
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      const isTold = answer.status === 429 || answer.status === 503
      const retryS = isTold ? headerOf(answer.text, 'retry-after') : ''
      if (retryS === '') return answer
      await pause(Math.min(Number(retryS) * 1_000, RETRY_MS_MAX))
    }
  }
}
