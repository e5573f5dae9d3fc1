import { describe, expect, it } from 'vitest'
import type { Facts } from './facts.ts'
import { judge } from './judge.ts'

const PAID = 'r07_00000000000000000000000001'
const REFUNDED = 'r07_00000000000000000000000002'
const HELD = 'r07_00000000000000000000000003'

/** A small, quiet and healthy system: one sold seat, one refunded payment, one live hold. */
const healthy = (): Facts => ({
  nowMs: 1_000_000,
  shows: [{ showId: 'show', shard: 7, seatIds: ['A-1-1', 'A-1-2', 'A-1-3'] }],
  shards: [{ shard: 7, isOpen: true, logTip: '900-2', projected: '900-2' }],
  records: [
    record(PAID, 'confirmed', [0]),
    record(REFUNDED, 'refunded', [1]),
    record(HELD, 'held', [2]),
  ],
  seats: [
    { showId: 'show', index: 0, owner: `s${PAID}` },
    { showId: 'show', index: 2, owner: `h${HELD}` },
  ],
  buyers: new Map([
    [`show/c-${PAID}`, 1],
    [`show/c-${HELD}`, 1],
  ]),
  services: [
    { service: 'payment', reservationId: PAID, state: 'captured' },
    { service: 'payment', reservationId: REFUNDED, state: 'refunded' },
    { service: 'ticket', reservationId: PAID, state: 'confirmed' },
    { service: 'ticket', reservationId: REFUNDED, state: 'void' },
  ],
  tickets: [
    ticket(PAID, 'A-1-1', 'confirmed'),
    { ...ticket(REFUNDED, 'A-1-2', 'void'), isLive: false },
  ],
  ledger: [money(PAID, 'capture'), money(REFUNDED, 'capture'), money(REFUNDED, 'refund')],
  provider: [money(PAID, 'capture'), money(REFUNDED, 'capture'), money(REFUNDED, 'refund')],
  outbox: [
    { service: 'reservation', eventId: 's07-900-1', topic: 'seat_expired', isPublished: true },
  ],
  messages: [{ eventId: 's07-900-1', topic: 'seat_expired', reservationId: REFUNDED }],
  inbox: [
    { group: 'payment', eventId: 's07-900-1' },
    { group: 'notification', eventId: 's07-900-1' },
  ],
  deadLetters: [],
  lag: [{ group: 'ticket', topic: 'seat_confirm', lag: 0 }],
})

function record(reservationId: string, status: string, seats: number[]) {
  const customerId = `c-${reservationId}`
  return {
    reservationId,
    showId: 'show',
    customerId,
    status,
    seats,
    amount: 100,
    deadlineMs: 1_100_000,
  }
}

function ticket(reservationId: string, seatId: string, state: string) {
  const ticketId = `t${reservationId.slice(1)}_1`
  return { ticketId, reservationId, showId: 'show', seatId, isLive: true, state }
}

function money(reservationId: string, kind: 'capture' | 'refund') {
  return { reservationId, kind, amount: 100 }
}

/** Findings after one thing in the healthy system was broken. */
function breaking(change: (facts: Facts) => Partial<Facts>): string[] {
  const facts = healthy()
  return judge({ ...facts, ...change(facts) }).map(({ invariant }) => invariant)
}

describe('judge', () => {
  it('finds nothing in a healthy system', () => {
    expect(judge(healthy())).toEqual([])
  })

  it('I1: finds two live tickets for one seat', () => {
    const broken = breaking(({ tickets }) => ({
      tickets: [...tickets, ticket(REFUNDED, 'A-1-1', 'confirmed')],
    }))
    expect(broken).toContain('I1')
  })

  it('I3: finds an outbox row that was not published', () => {
    expect(breaking(({ outbox }) => ({ outbox: [{ ...outbox[0]!, isPublished: false }] }))).toEqual(
      ['I3'],
    )
  })

  it('I3: finds a row marked as published that Kafka does not have', () => {
    expect(breaking(() => ({ messages: [] }))).toEqual(['I3'])
  })

  it('I3: finds a message that a consumer never handled, unless it is a dead letter', () => {
    const unhandled = breaking(({ inbox }) => ({ inbox: inbox.slice(1) }))
    expect(unhandled).toEqual(['I3'])
    const deadLettered = breaking(({ inbox }) => ({
      inbox: inbox.slice(1),
      deadLetters: [{ group: 'payment', eventId: 's07-900-1' }],
    }))
    expect(deadLettered).toEqual([])
  })

  it('I3: finds a projector and a consumer that lag behind', () => {
    const projector = [{ shard: 7, isOpen: true, logTip: '900-3', projected: '900-2' }]
    expect(breaking(() => ({ shards: projector }))).toEqual(['I3'])
    const lag = [{ group: 'ticket', topic: 'seat_confirm', lag: 2 }]
    expect(breaking(() => ({ lag }))).toEqual(['I3'])
  })

  it('I4: finds a second capture and a second refund', () => {
    expect(
      breaking(({ provider }) => ({ provider: [...provider, money(PAID, 'capture')] })),
    ).toContain('I4')
    expect(
      breaking(({ provider }) => ({ provider: [...provider, money(REFUNDED, 'refund')] })),
    ).toContain('I4')
  })

  it('I5: finds a seat without an owner that claims it', () => {
    const broken = breaking(({ seats }) => ({
      seats: [...seats, { showId: 'show', index: 1, owner: `s${REFUNDED}` }],
    }))
    expect(broken).toContain('I5')
  })

  it('I5: finds a sold seat without a ticket, and a ticket without a sold seat', () => {
    expect(breaking(({ tickets }) => ({ tickets: tickets.slice(1) }))).toContain('I5')
    expect(breaking(({ seats }) => ({ seats: seats.slice(1) }))).toContain('I5')
  })

  it('I5: finds a projection that says something else than Redis', () => {
    const projected = (state: string) =>
      breaking(({ services }) => ({
        services: [...services, { service: 'reservation', reservationId: PAID, state }],
      }))
    expect(projected('confirmed')).toEqual([])
    expect(projected('paying')).toEqual(['I5'])
  })

  it('I5: finds a hold whose seat is free', () => {
    expect(breaking(({ seats }) => ({ seats: seats.slice(0, 1) }))).toContain('I5')
  })

  it('I5: finds a buyer limit that counts wrong', () => {
    expect(breaking(() => ({ buyers: new Map([[`show/c-${PAID}`, 1]]) }))).toEqual(['I5'])
    expect(breaking(({ buyers }) => ({ buyers: new Map([...buyers, ['show/x', 2]]) }))).toEqual([
      'I5',
    ])
  })

  it('I6: finds money that became neither ticket nor refund', () => {
    const broken = breaking(({ provider, ledger }) => ({
      provider: provider.slice(0, 2),
      ledger: ledger.slice(0, 2),
    }))
    expect(broken).toEqual(['I6'])
  })

  it('I6: finds tickets that nobody paid', () => {
    const broken = breaking(({ provider, ledger }) => ({
      provider: provider.slice(1),
      ledger: ledger.slice(1),
    }))
    expect(broken).toEqual(['I6'])
  })

  it('I6: finds a ledger that differs from the provider', () => {
    expect(breaking(({ ledger }) => ({ ledger: ledger.slice(1) }))).toEqual(['I6'])
  })

  it.each([
    ['payment', 'charging'],
    ['ticket', 'waiting'],
    ['reservation', 'refunding'],
    ['notification', 'queued'],
  ] as const)('I6: finds a saga that %s left %s', (service, state) => {
    const broken = breaking(({ services }) => ({
      services: [...services, { service, reservationId: HELD, state }],
    }))
    expect(broken).toContain('I6')
  })

  it('I6: finds a closed shard', () => {
    const shards = [{ shard: 7, isOpen: false, logTip: '900-2', projected: '900-2' }]
    expect(breaking(() => ({ shards }))).toEqual(['I6'])
  })

  it('I8: finds a hold that outlived its deadline and a reservation that expired twice', () => {
    expect(breaking(() => ({ nowMs: 1_103_000 }))).toEqual(['I8'])
    const twice = breaking(({ messages, inbox }) => ({
      messages: [...messages, { ...messages[0]!, eventId: 's07-900-2' }],
      inbox: [
        ...inbox,
        { group: 'payment', eventId: 's07-900-2' },
        { group: 'notification', eventId: 's07-900-2' },
      ],
    }))
    expect(twice).toEqual(['I8'])
  })
})
