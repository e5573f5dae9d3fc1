import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

const LOOK_EVERY_MS = 20

/** The parts of a Reservation that the demo looks at. */
export interface Reservation {
  reservationId: string
  status: string
  reason?: string
  seatIds: string[]
  amount: { currency: string; value: number }
  expiresAt?: string
  tickets?: { ticketId: string; seatId: string }[]
}

export interface Answer<Body> {
  status: number
  body: Body
}

/** One customer with a guest session, buying over HTTP as any client would. */
export class Buyer {
  private readonly http: string
  private readonly token: string

  private constructor(http: string, token: string) {
    this.http = http
    this.token = token
  }

  /** Opens a guest session. `http` is the base URL without a trailing slash. */
  static async open(http: string): Promise<Buyer> {
    const { body } = await call<{ token: string }>(`${http}/v1/sessions`, { body: {} })
    return new Buyer(http, body.token)
  }

  hold(showId: string, seatIds: readonly string[]): Promise<Answer<Reservation>> {
    return this.call(`/v1/shows/${showId}/reservations`, { body: { seatIds } })
  }

  checkout(reservationId: string, cardToken: string): Promise<Answer<Reservation>> {
    return this.call(`/v1/reservations/${reservationId}/checkout`, {
      body: { payment: { token: cardToken }, contact: { email: 'demo@example.com' } },
    })
  }

  find(reservationId: string): Promise<Answer<Reservation>> {
    return this.call(`/v1/reservations/${reservationId}`)
  }

  /** Asks until the status is the wanted one, each time waiting on the server's side. */
  async until(reservationId: string, status: string, withinMs = 30_000): Promise<Reservation> {
    const giveUpAt = Date.now() + withinMs
    for (;;) {
      const { body } = await this.call<Reservation>(`/v1/reservations/${reservationId}`, {
        headers: { prefer: 'wait=1' },
      })
      if (body.status === status) return body
      if (Date.now() > giveUpAt) {
        throw new Error(`${reservationId} is ${body.status}, not ${status}, after ${withinMs} ms`)
      }
      // Only held and paying are waited for on the server's side.
      if (!['held', 'paying'].includes(body.status)) await pause(LOOK_EVERY_MS)
    }
  }

  private call<Body>(path: string, options: CallOptions = {}): Promise<Answer<Body>> {
    return call<Body>(`${this.http}${path}`, { ...options, token: this.token })
  }
}

export interface CallOptions {
  body?: unknown
  token?: string
  headers?: Record<string, string>
}

/** One JSON request: POST when there is a body. A fresh Idempotency-Key goes with every POST. */
export async function call<Body>(url: string, options: CallOptions = {}): Promise<Answer<Body>> {
  const response = await fetch(url, {
    method: options.body === undefined ? 'GET' : 'POST',
    headers: {
      ...(options.token && { authorization: `Bearer ${options.token}` }),
      ...(options.body !== undefined && {
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      }),
      ...options.headers,
    },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
  })
  return { status: response.status, body: (await response.json()) as Body }
}
