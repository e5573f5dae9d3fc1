/** Whatever the order in which messages come, and however often: the tickets end up legal. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Message } from '../contracts/message.ts'
import type { Snapshot } from '../contracts/payloads.ts'
import { isFullRun } from '../platform/testing/infra.ts'
import type { TicketState } from './domain/ticketing.ts'
import {
  newShow,
  openTicketRoom,
  paid,
  reserve,
  seatsLost,
  seatsSold,
  type TicketRoom,
  unpaid,
} from './testing/room.ts'

let room: TicketRoom
beforeAll(async () => {
  room = await openTicketRoom()
})
afterAll(() => room.close())

/** What happens to one reservation: seats by number, whether it was paid, the seats' fate. */
const story = fc.record({
  seats: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
  isPaid: fc.boolean(),
  isSold: fc.boolean(),
  isLost: fc.boolean(),
})
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

interface Told {
  story: Story
  of: Snapshot
  messages: Message[]
}

function tell(show: string, one: Story): Told {
  const of = reserve(show, ...one.seats.map((seat) => `A-1-${seat}`))
  const messages = [
    one.isPaid ? paid(of) : unpaid(of),
    ...(one.isSold ? [seatsSold(of)] : []),
    ...(one.isLost ? [seatsLost(of)] : []),
  ]
  return { story: one, of, messages }
}

/** Everything twice, half of the repeats under a new id; stories and numbers decide the order. */
const scenario = fc.record({
  stories: fc.array(story, { minLength: 2, maxLength: 4 }),
  order: fc.array(fc.nat(), { minLength: 24, maxLength: 24 }),
  batchSizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 24, maxLength: 24 }),
  isSideBySide: fc.boolean(),
})
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never

function batchesOf(told: readonly Told[], { order, batchSizes }: Scenario): Message[][] {
  const twice = told.flatMap(({ messages }) =>
    messages.flatMap((message, index) => [
      message,
      index % 2 === 0 ? message : { ...message, id: `${message.id}-again` },
    ]),
  )
  const shuffled = twice
    .map((message, index) => ({ message, rank: order[index] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ message }) => message)
  const batches: Message[][] = []
  for (const size of batchSizes) {
    if (shuffled.length > 0) batches.push(shuffled.splice(0, size))
  }
  return batches
}

async function play(batches: readonly Message[][], isSideBySide: boolean): Promise<void> {
  for (let index = 0; index < batches.length; index += 2) {
    const [here = [], there = []] = [batches[index], batches[index + 1]]
    if (isSideBySide) await Promise.all([room.apply(here), room.applyElsewhere(there)])
    else for (const batch of [here, there]) await room.apply(batch)
  }
}

interface Outcome {
  state: TicketState
  reason: string | null
  tickets: { seat_id: string; state: string; live: number | null }[]
  confirms: number
  cancels: string[]
}

async function outcomeOf({ reservationId }: Snapshot): Promise<Outcome> {
  const [row] = await room.db.query<{ state: TicketState; reason: string | null }>(
    'SELECT state, reason FROM ticketings WHERE reservation_id = ?',
    [reservationId],
  )
  const tickets = await room.db.query<Outcome['tickets'][number]>(
    'SELECT seat_id, state, live FROM tickets WHERE reservation_id = ?',
    [reservationId],
  )
  const said = (await room.published()).filter(
    ({ payload }) => payload.reservationId === reservationId,
  )
  if (!row) throw new Error(`${reservationId} left no trace`)
  return {
    ...row,
    tickets,
    confirms: said.filter(({ topic }) => topic === 'ticket_confirm').length,
    cancels: said.flatMap((one) => (one.topic === 'ticket_cancel' ? [one.payload.reason] : [])),
  }
}

function judgeOne({ story: { isPaid, isLost, seats } }: Told, outcome: Outcome): void {
  const { state, tickets, confirms, cancels } = outcome
  const isLive = state === 'issued' || state === 'confirmed'
  expect(state).not.toBe('tombstone')
  if (!isPaid) expect(state).toBe('refused')
  if (isLost) expect(['refused', 'void']).toContain(state)
  expect(tickets.map((ticket) => ticket.state)).toEqual(tickets.map(() => state))
  expect(tickets.filter((ticket) => ticket.live === 1)).toHaveLength(isLive ? seats.length : 0)
  expect(confirms).toBe(isLive || state === 'void' ? 1 : 0)
  expect(cancels).toHaveLength(state === 'refused' || state === 'void' ? 1 : 0)
  for (const reason of cancels) expect(reason.startsWith('payment_')).toBe(!isPaid)
}

/** A ticket waits only behind one that is issued; one is refused for a seat only if it was sold. */
function judgeAll(told: readonly Told[], outcomes: readonly Outcome[]): void {
  const live = outcomes.flatMap(({ tickets }) => tickets.filter((ticket) => ticket.live === 1))
  expect(new Set(live.map((ticket) => ticket.seat_id)).size).toBe(live.length)
  const statesAt = (seat: number): string[] =>
    live.filter((ticket) => ticket.seat_id === `A-1-${seat}`).map((ticket) => ticket.state)
  for (const [index, { state }] of outcomes.entries()) {
    const inTheWay = told[index]?.story.seats.flatMap(statesAt) ?? []
    if (state === 'waiting') expect(inTheWay).toContain('issued')
    if (state === 'waiting') expect(inTheWay).not.toContain('confirmed')
  }
}

describe('the ticket handlers', () => {
  it('end in a legal state whatever comes twice and in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const show = newShow()
        const told = given.stories.map((one) => tell(show, one))
        await play(batchesOf(told, given), given.isSideBySide)
        const outcomes = await Promise.all(told.map(({ of }) => outcomeOf(of)))
        for (const [index, one] of told.entries()) judgeOne(one, outcomes[index] as Outcome)
        judgeAll(told, outcomes)
      }),
      { numRuns: isFullRun() ? 200 : 40 },
    )
  })
})
