/** What must stand before the first order: shows and buyers. */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { type Hall, SeatSupply } from './seats.ts'

const AT_ONCE_MAX = 32
const ATTEMPTS_MAX = 20
const RETRY_MS = 250
const PRICE = 50_000
/** Buyers come back many times in a run, so the limit per buyer must not stop them. */
const SEATS_PER_BUYER_MAX = 1_000

interface Entry {
  http: string
  adminToken: string
}

/** Posts, and asks again while the answer is 503: a system that has just started may say so. */
async function post<Body>(
  agent: Agent,
  url: string,
  options: { body: unknown; token?: string; key?: string },
): Promise<Body> {
  const { body, token, key } = options
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (token) headers.authorization = `Bearer ${token}`
  if (key) headers['idempotency-key'] = key
  const text = JSON.stringify(body)
  for (let attempt = 1; ; attempt += 1) {
    const answer = await request(url, { method: 'POST', dispatcher: agent, headers, body: text })
    const content = await answer.body.text()
    if (answer.statusCode < 300) return JSON.parse(content) as Body
    if (answer.statusCode !== 503 || attempt === ATTEMPTS_MAX) {
      throw new Error(`${url} answered ${answer.statusCode}: ${content.slice(0, 500)}`)
    }
    await pause(RETRY_MS)
  }
}

/** Runs `work` for 0 to count - 1, some at once; answers the results in order. */
async function inParallel<T>(count: number, work: (at: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) results[at] = await work(at)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE_MAX, count) }, worker))
  return results
}

/** Opens the shows of a hall and answers their seats. */
export async function openShows(
  entry: Entry,
  hall: Hall,
  policy: Readonly<Record<string, number>> = {},
): Promise<SeatSupply> {
  const run = randomBytes(4).toString('hex')
  const agent = new Agent({ connections: AT_ONCE_MAX })
  const rows = Array.from({ length: hall.rows }, (_, at) => ({
    id: String(at + 1),
    seats: hall.seatsPerRow,
  }))
  try {
    const showIds = await inParallel(hall.shows, async (at) => {
      const showId = `load-${run}-${at}`
      const body = {
        showId,
        name: `Load ${at}`,
        startsAt: '2031-01-01T19:00:00.000Z',
        currency: 'KRW',
        sections: [{ id: 'A', name: 'A', price: PRICE, rows }],
        policy: { seatsPerBuyerMax: SEATS_PER_BUYER_MAX, ...policy },
      }
      await post(agent, `${entry.http}/v1/shows`, { body, token: entry.adminToken })
      return showId
    })
    return new SeatSupply(hall, showIds)
  } finally {
    await agent.close()
  }
}

/** Opens guest sessions and answers their tokens. */
export async function openSessions(http: string, count: number): Promise<string[]> {
  const agent = new Agent({ connections: AT_ONCE_MAX })
  try {
    return await inParallel(count, async () => {
      const { token } = await post<{ token: string }>(agent, `${http}/v1/sessions`, { body: {} })
      return token
    })
  } finally {
    await agent.close()
  }
}

const SEATS_PER_REQUEST = 500

/** Holds the given seats, many per request. The show's policy must allow it. */
export async function holdFront(
  http: string,
  one: { tokens: readonly string[]; showId: string; seatIds: readonly string[]; turn: number },
): Promise<void> {
  const { tokens, showId, seatIds, turn } = one
  const agent = new Agent({ connections: 1 })
  const url = `${http}/v1/shows/${showId}/reservations`
  try {
    for (let from = 0; from < seatIds.length; from += SEATS_PER_REQUEST) {
      // Buyers take turns, for each has a limit of seats and of requests per second.
      const token = tokens[(turn + from / SEATS_PER_REQUEST) % tokens.length] as string
      const body = { seatIds: seatIds.slice(from, from + SEATS_PER_REQUEST) }
      await post(agent, url, { body, token, key: `front-${from}` })
    }
  } finally {
    await agent.close()
  }
}

/** Reads the seat map of a show some times, one after the other; answers ms and the size. */
export async function timeSnapshots(
  http: string,
  { showId, count }: { showId: string; count: number },
): Promise<{ bytes: number; times: number[] }> {
  const agent = new Agent({ connections: 1 })
  const url = `${http}/v1/shows/${showId}/seats`
  const headers = { accept: 'application/octet-stream' }
  const times: number[] = []
  let bytes = 0
  try {
    for (let at = 0; at < count; at += 1) {
      const askedAt = performance.now()
      const answer = await request(url, { dispatcher: agent, headers })
      bytes = (await answer.body.arrayBuffer()).byteLength
      times.push(performance.now() - askedAt)
      if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}`)
    }
  } finally {
    await agent.close()
  }
  return { bytes, times }
}
