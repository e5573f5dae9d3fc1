import type { ShowRequest } from '../../contracts/http.ts'

const rows = (letters: string, seats: number): { id: string; seats: number }[] =>
  [...letters].map((id) => ({ id, seats }))

export const DEMO_SHOW_ID = 'demo'

/** A hall of 1,560 seats. Nothing in it depends on the day, so making it again changes nothing. */
export const DEMO_SHOW: ShowRequest = {
  showId: DEMO_SHOW_ID,
  name: 'Holdfast demo night',
  startsAt: '2031-05-17T10:00:00.000Z',
  currency: 'KRW',
  sections: [
    { id: 'floor', name: 'Floor', price: 154_000, rows: rows('ABCDEFGHIJKLMNOP', 40) },
    { id: 'west', name: 'West stand', price: 121_000, rows: rows('ABCDEFGHIJ', 32) },
    { id: 'east', name: 'East stand', price: 121_000, rows: rows('ABCDEFGHIJ', 32) },
    { id: 'balcony', name: 'Balcony', price: 99_000, rows: rows('ABCDEFG', 40) },
  ],
}

const ANSWER_WITHIN_MS = 10_000
const SEATS_PER_BYTE = 4

/**
 * Makes the demo show where it is missing; one of an older shape is left as it is. Answers a
 * sentence about it.
 * @throws Error when the seat service refuses.
 */
export async function seedDemoShow(http: string, adminToken: string): Promise<string> {
  const response = await fetch(`${http}/v1/shows`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` },
    body: JSON.stringify(DEMO_SHOW),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  })
  const text = await response.text()
  if (response.status === 201) return `made show "${DEMO_SHOW_ID}"`
  if (response.status === 200 || response.status === 409) return `show "${DEMO_SHOW_ID}" is there`
  throw new Error(`the demo show was refused (${response.status}): ${text.slice(0, 500)}`)
}

/** Id of the first free seat of the demo show, or null when there is none or no such show. */
export async function findFreeSeat(http: string): Promise<string | null> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
  const response = await fetch(`${http}/v1/shows/${DEMO_SHOW_ID}/seats`, { signal })
  if (!response.ok) return null
  const { states } = (await response.json()) as { states: string }
  const packed = Buffer.from(states, 'base64')
  const seatIds = DEMO_SHOW.sections.flatMap((section) =>
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
