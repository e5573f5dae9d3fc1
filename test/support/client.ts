/**
 * A buyer who does not trust the network: every command is repeated with the same key until the
 * server has said what became of it. What was answered is remembered, to be held against the end.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

export interface ReservationView {
  reservationId: string
  showId: string
  customerId: string
  seatIds: string[]
  amount: { currency: string; value: number }
  status: string
  reason?: string
  expiresAt?: string
  version: string
  tickets?: { ticketId: string; seatId: string }[]
  payment?: { status: string; refunded?: { currency: string; value: number } }
}

export interface Reply<Body> {
  status: number
  headers: Headers
  body: Body
}

const ANSWER_WITHIN_MS = 40_000
const RETRY_EVERY_MS = 100

export interface Ask {
  method?: string
  body?: unknown
  key?: string
  headers?: Record<string, string>
  /** Give up after this long; the outcome is unknown then. */
  withinMs?: number
}

/** One HTTP exchange, as it is. A body that is no JSON is given as text. */
export async function ask<Body>(
  url: string,
  token: string | null,
  options: Ask = {},
): Promise<Reply<Body>> {
  const { body, key, headers, withinMs = ANSWER_WITHIN_MS } = options
  const response = await fetch(url, {
    method: options.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key && { 'idempotency-key': key }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(withinMs),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: parsed(text) as Body }
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return text
  }
}

/** True for answers that leave open what happened: the same key tells. */
const isUnknown = (status: number): boolean => status >= 500

/** Asks until there is a definite answer: not a lost connection, a time-out or a 5xx. */
export async function askUntilDefinite<Body>(
  url: string,
  token: string | null,
  options: Ask = {},
): Promise<Reply<Body>> {
  const giveUpAt = Date.now() + 90_000
  for (;;) {
    try {
      const reply = await ask<Body>(url, token, { withinMs: 5_000, ...options })
      if (!isUnknown(reply.status)) return reply
      if (Date.now() > giveUpAt) throw new Error(`${url} still answers ${reply.status}`)
    } catch (error) {
      if (Date.now() > giveUpAt) throw error
    }
    await pause(RETRY_EVERY_MS)
  }
}

export class Buyer {
  readonly http: string
  readonly token: string
  readonly customerId: string

  constructor(http: string, session: { token: string; customerId: string }) {
    this.http = http
    this.token = session.token
    this.customerId = session.customerId
  }

  static async open(http: string): Promise<Buyer> {
    const url = `${http}/v1/sessions`
    const { body } = await askUntilDefinite<{ token: string; customerId: string }>(url, null, {
      body: {},
    })
    return new Buyer(http, body)
  }

  hold(showId: string, seatIds: readonly string[], key: string = randomUUID()) {
    const url = `${this.http}/v1/shows/${showId}/reservations`
    return askUntilDefinite<ReservationView>(url, this.token, { body: { seatIds }, key })
  }

  checkout(reservationId: string, cardToken: string, key: string = randomUUID()) {
    const url = `${this.http}/v1/reservations/${reservationId}/checkout`
    const body = { payment: { token: cardToken } }
    return askUntilDefinite<ReservationView>(url, this.token, { body, key })
  }

  release(reservationId: string) {
    const url = `${this.http}/v1/reservations/${reservationId}`
    return askUntilDefinite<unknown>(url, this.token, { method: 'DELETE' })
  }

  find(reservationId: string, waitS?: number) {
    const headers: Record<string, string> = waitS === undefined ? {} : { prefer: `wait=${waitS}` }
    const url = `${this.http}/v1/reservations/${reservationId}`
    return askUntilDefinite<ReservationView>(url, this.token, { headers, withinMs: 35_000 })
  }
}

export interface ShowSize {
  showId: string
  rows: number
  seatsPerRow: number
  price?: number
  policy?: Record<string, number>
}

/** Creates a show of one section `A`; answers its seat ids in layout order. */
export async function createShow(
  system: { http: string; adminToken: string },
  { showId, rows, seatsPerRow, price = 10_000, policy }: ShowSize,
): Promise<string[]> {
  const rowIds = Array.from({ length: rows }, (_, at) => String(at + 1))
  const reply = await askUntilDefinite(`${system.http}/v1/shows`, system.adminToken, {
    body: {
      showId,
      name: `Show ${showId}`,
      startsAt: '2030-01-01T19:00:00.000Z',
      currency: 'KRW',
      sections: [
        { id: 'A', name: 'A', price, rows: rowIds.map((id) => ({ id, seats: seatsPerRow })) },
      ],
      ...(policy && { policy }),
    },
  })
  if (reply.status > 201) throw new Error(`no show: ${reply.status} ${JSON.stringify(reply.body)}`)
  return rowIds.flatMap((row) =>
    Array.from({ length: seatsPerRow }, (_, at) => `A-${row}-${at + 1}`),
  )
}
