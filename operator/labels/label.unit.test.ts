import { describe, expect, it } from 'vitest'
import type { Topic } from '../../contracts/topics.ts'
import { endsOf, explore, isCauseOfRefund, type Stuck } from '../testing/explore.ts'
import { labelOf, READERS, stateOf } from '../testing/labelled.ts'
import {
  checkedOut,
  deliver,
  type Group,
  type Mail,
  messageOf,
  situationOf,
  type World,
} from '../testing/oneSaga.ts'
import { label } from './label.ts'
import type { Label, Situation, Verdict } from './situation.ts'

describe('the label of the one message that a saga lacks', () => {
  const stuckFor = (withheld: { topic: Topic; group: Group }): Stuck[] => [
    ...explore(checkedOut('none'), withheld),
    ...explore(checkedOut('issued'), withheld),
  ]

  describe.each(READERS)('$topic at $group', (withheld) => {
    const all = stuckFor(withheld)
    const labelled = (wanted: Label) =>
      all.filter((stuck) => labelOf(stuck.world, stuck.withheld).label === wanted)

    it('is never in doubt, but where another late payment waits for the same seats', () => {
      expect(all.length).toBeGreaterThan(0)
      const doubts = labelled('human').map(({ world }) => [world.rival, world.seats])
      expect(new Set(doubts.map(String))).toEqual(new Set(doubts.length > 0 ? ['issued,free'] : []))
    })

    it('is apply only where handling it changes something and returns no money', () => {
      for (const { world, withheld: mail } of labelled('apply')) {
        expect(stateOf(deliver(world, mail))).not.toBe(stateOf(world))
        expect(isCauseOfRefund(world, mail)).toBe(false)
      }
    })

    it('is already applied only where handling it changes nothing', () => {
      for (const { world, withheld: mail } of labelled('already applied')) {
        expect(deliver(world, mail)).toEqual({ ...world, mail: expect.anything() })
        expect(stateOf(deliver(world, mail))).toBe(stateOf(world))
      }
    })

    it('is superseded only where whatever was captured goes back', () => {
      for (const { world, withheld: mail } of labelled('superseded')) {
        const ends = endsOf(deliver(world, mail))
        expect(ends.some((end) => end.refunds === 1)).toBe(true)
        for (const end of ends) expect(end.refunds).toBe(end.captures)
      }
    })

    it('is already applied once it was handled and the saga has ended', () => {
      for (const { world, withheld: mail } of all) {
        for (const end of endsOf(deliver(world, mail))) {
          expect(labelOf(end, mail)).toMatchObject({ label: 'already applied' })
        }
      }
    })
  })

  it('brings every saga to an end in which tickets, seats and money agree', () => {
    for (const withheld of READERS) {
      for (const { world, withheld: mail } of stuckFor(withheld)) {
        if (labelOf(world, mail).label === 'human') continue
        for (const end of endsOf(deliver(world, mail))) expect(disagreementIn(end)).toBe(null)
      }
    }
  })
})

function disagreementIn({ status, ticketing, captures, refunds }: World): string | null {
  const isTicketed = ticketing?.state === 'confirmed'
  if (isTicketed !== (status === 'confirmed')) return `tickets ${ticketing?.state}, seats ${status}`
  if (captures - refunds !== (isTicketed ? 1 : 0)) return `${captures} captured, ${refunds} back`
  return ticketing?.state === 'issued' || ticketing?.state === 'waiting' ? 'unfinished' : null
}

describe('the labels of all that a group has given up', () => {
  const doubtsAt = (group: Group) =>
    explore(checkedOut(), { group }).filter(
      ({ world, withheld }) => labelOf(world, withheld).label === 'human',
    )

  it.each(['reservation', 'payment', 'ticket'] as const)('leave no doubt at %s', (group) => {
    expect(explore(checkedOut(), { group }).length).toBeGreaterThan(0)
    expect(doubtsAt(group)).toEqual([])
  })

  it('doubt what the buyer would be told of a deadline, only where the page says otherwise', () => {
    const doubts = doubtsAt('notification')
    expect(doubts.length).toBeGreaterThan(0)
    for (const { world, withheld } of doubts) {
      expect(withheld.topic).toBe('seat_expired')
      expect(['confirmed', 'refunded']).toContain(world.status)
    }
  })
})

describe('a label', () => {
  const mail: Mail = { id: 5, topic: 'payment_create', group: 'ticket' }
  const message = messageOf(mail)
  const world: World = {
    ...checkedOut(),
    payment: { state: 'captured', stop: false, unanswered: false },
    captures: 1,
    mail: [mail],
  }
  const labelWith = (change: Partial<Situation>, group: string | null = 'ticket'): Verdict =>
    label({ group, content: { ok: true, message } }, { ...situationOf(world, mail), ...change })

  it('is apply for captured money whose seats are kept', () => {
    expect(labelWith({})).toEqual({
      label: 'apply',
      why: 'the seats are kept for it: they are sold',
    })
  })

  it('tells of a charge, which is safe and moves money all the same', () => {
    const request: Mail = { id: 1, topic: 'payment_request', group: 'payment' }
    expect(labelOf(checkedOut(), request)).toMatchObject({ label: 'apply', isCharge: true })
  })

  it('is already applied when the inbox of the group has the message', () => {
    expect(labelWith({ isHandled: true }).label).toBe('already applied')
  })

  it('is already applied when an operator has dealt with it', () => {
    const dealtWith = 'discarded by kim at 2026-01-31 10:00:00.000'
    expect(labelWith({ dealtWith })).toEqual({ label: 'already applied', why: dealtWith })
  })

  it('is invalid for a message that cannot be read, with the reason', () => {
    const content = { ok: false as const, fault: 'SCHEMA' as const, reason: '/data: is missing' }
    expect(label({ group: 'ticket', content }, null)).toEqual({
      label: 'invalid',
      why: 'SCHEMA: /data: is missing',
    })
  })

  it('is invalid for a record that no group has signed', () => {
    expect(labelWith({}, null).label).toBe('invalid')
  })

  it('is invalid for a group that does not listen to the topic', () => {
    expect(labelWith({}, 'notification').label).toBe('invalid')
  })

  it('is human for a group that is not a part of Holdfast', () => {
    expect(labelWith({}, 'delivery').label).toBe('human')
  })

  it('is invalid for a reservation that nobody knows, of a show that does not exist', () => {
    const unknown = { what: 'show nowhere' }
    expect(labelWith({ unknown, reservation: null }).label).toBe('invalid')
  })

  it('is human when the amount is another than the reservation or the payment says', () => {
    const { reservation, payment } = situationOf(world, mail)
    for (const amount of [
      { currency: 'KRW', value: 1 },
      { currency: 'USD', value: 240_000 },
    ]) {
      expect(labelWith({ payment: payment && { ...payment, amount } }).label).toBe('human')
      expect(labelWith({ reservation: reservation && { ...reservation, amount } }).label).toBe(
        'human',
      )
    }
    const amount = { currency: 'USD', value: 240_000 }
    expect(labelWith({ reservation: reservation && { ...reservation, amount } }).why).toBe(
      'it says 240,000 KRW, the reservation 240,000 USD: which is right?',
    )
  })

  it('is human when it would give the tickets to another customer', () => {
    const { reservation } = situationOf(world, mail)
    const another = reservation && { ...reservation, customerId: 'somebody-else' }
    expect(labelWith({ reservation: another }).label).toBe('human')
    const forgotten = reservation && { ...reservation, customerId: null }
    expect(labelWith({ reservation: forgotten }).label).toBe('apply')
  })

  it('is human when the seats are others than the reservation has', () => {
    const { reservation } = situationOf(world, mail)
    const changed = reservation && { ...reservation, seatIds: ['A-1-7', 'A-1-9'] }
    expect(labelWith({ reservation: changed }).label).toBe('human')
  })

  it('is human when Redis shows only a part of the seats as kept for a paying reservation', () => {
    expect(labelWith({ seats: 'mixed' }).label).toBe('human')
  })

  it('is invalid at the seat service when it names the show of somebody else', () => {
    const confirm: Mail = { id: 6, topic: 'ticket_confirm', group: 'reservation' }
    const situation = situationOf(world, confirm)
    const reservation = situation.reservation && { ...situation.reservation, showId: 'other' }
    const content = { ok: true as const, message: messageOf(confirm) }
    expect(label({ group: 'reservation', content }, { ...situation, reservation }).label).toBe(
      'invalid',
    )
    expect(labelWith({ reservation }).label).toBe('human')
  })
})
