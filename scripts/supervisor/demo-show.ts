import type { ShowRequest } from '../../contracts/http.ts'
import { arenaShow } from '../seed/arena.ts'
import { clubShow } from '../seed/club.ts'

export const DEMO_SHOW_ID = 'demo'

export const DEMO_SHOWS: readonly ShowRequest[] = [arenaShow(DEMO_SHOW_ID), clubShow('club')]

const ANSWER_WITHIN_MS = 10_000
const SEATS_PER_BYTE = 4

/**
 * Makes the demo shows where they are missing; one of an older shape is left as it is. Answers a
 * sentence about them.
 * @throws Error when the seat service refuses.
 */
export async function seedDemoShows(http: string, adminToken: string): Promise<string> {
  const said: string[] = []
  for (const show of DEMO_SHOWS) said.push(await seedShow(show, http, adminToken))
  return said.join(', ')
}

async function seedShow(show: ShowRequest, http: string, adminToken: string): Promise<string> {
  const response = await fetch(`${http}/v1/shows`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` },
    body: JSON.stringify(show),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  })
  const text = await response.text()
  if (response.status === 201) return `made show "${show.showId}"`
  if (response.status === 200 || response.status === 409) return `show "${show.showId}" is there`
  throw new Error(`show "${show.showId}" was refused (${response.status}): ${text.slice(0, 500)}`)
}

async function read<T>(url: string): Promise<T | null> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
  return response.ok ? ((await response.json()) as T) : null
}

/** Id of the first free seat of the demo show, or null when there is none or no such show. */
export async function findFreeSeat(http: string): Promise<string | null> {
  const url = `${http}/v1/shows/${DEMO_SHOW_ID}`
  const show = await read<Pick<ShowRequest, 'sections'>>(url)
  const map = await read<{ states: string }>(`${url}/seats`)
  if (!show || !map) return null
  const packed = Buffer.from(map.states, 'base64')
  // The show as it is, which may be older than the one that is made today.
  const seatIds = show.sections.flatMap((section) =>
    section.rows.flatMap((row) =>
      Array.from({ length: row.seats }, (_, index) => `${section.id}-${row.id}-${index + 1}`),
    ),
  )
  const isFree = (index: number): boolean =>
    (((packed[Math.floor(index / SEATS_PER_BYTE)] ?? 0xff) >> ((index % SEATS_PER_BYTE) * 2)) &
      3) ===
    0
  return seatIds.find((_, index) => isFree(index)) ?? null
}

/** A line for a shell: a guest session, and a hold of one seat with it. */
export const holdCommand = (http: string, seatId: string): string =>
  [
    `curl -s ${http}/v1/shows/${DEMO_SHOW_ID}/reservations`,
    `-H "Authorization: Bearer $(curl -s ${http}/v1/sessions -H 'Content-Type: application/json'`,
    `-d '{}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')"`,
    `-H 'Content-Type: application/json' -H 'Idempotency-Key: my-first-hold'`,
    `-d '{"seatIds":["${seatId}"]}'`,
  ].join(' ')
