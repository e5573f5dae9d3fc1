import { describe, expect, it } from 'vitest'
import { CANCEL_REASONS, type CancelReason } from '../../contracts/payloads.ts'
import type { Topic } from '../../contracts/topics.ts'
import { PAYMENT_STATES } from '../../payment/domain/paying.ts'
import { STATUSES } from '../../reservation/domain/transitions.ts'
import { TICKET_STATES } from '../../ticket/domain/ticketing.ts'
import { isCauseOfRefund } from '../testing/explore.ts'
import { labelOf, READERS, stateOf } from '../testing/labelled.ts'
import { deliver, type Mail, type World } from '../testing/oneSaga.ts'
import type { Label } from './situation.ts'

describe('a label, whatever the stores say', () => {
  const MAILS: Mail[] = READERS.flatMap(({ topic, group }) =>
    reasonsOf(topic).map((reason) => ({ id: 5, topic, group, ...(reason && { reason }) })),
  )

  function reasonsOf(topic: Topic): (CancelReason | undefined)[] {
    if (topic === 'payment_fail') return ['payment_declined']
    return ['ticket_cancel', 'seat_cancel', 'payment_refund'].includes(topic)
      ? [...CANCEL_REASONS]
      : [undefined]
  }

  const TICKETINGS: World['ticketing'][] = [
    null,
    { state: 'refused', reason: 'payment_declined' },
    ...TICKET_STATES.map((state) => ({ state, reason: 'seat_conflict' as const })),
  ]

  function* worlds(): Generator<World> {
    for (const status of [null, ...STATUSES]) {
      for (const state of [null, ...PAYMENT_STATES]) {
        for (const ticketing of TICKETINGS) {
          for (const seats of ['own', 'free', 'taken'] as const) {
            for (const rival of ['none', 'issued', 'confirmed'] as const) {
              const payment = state && { state, stop: false, unanswered: false }
              const captures = ['captured', 'refunding', 'refunded'].includes(state ?? '') ? 1 : 0
              const refunds = state === 'refunded' ? 1 : 0
              yield {
                ...{ status, reason: null, seats, payment, ticketing, conversation: null, rival },
                ...{ isLate: false, mail: [], captures, refunds, clock: 9 },
              }
            }
          }
        }
      }
    }
  }

  it('never says apply of what returns money, nor already applied of what changes anything', () => {
    let looked = 0
    for (const world of worlds()) {
      for (const mail of MAILS) {
        const waiting = { ...world, mail: [mail] }
        const found = labelOf(waiting, mail).label
        looked += 1
        if (found === 'already applied') {
          const after = deliver(waiting, mail)
          if (stateOf(after) !== stateOf(world)) throw new Error(described(waiting, found))
        }
        const isCause = found === 'apply' && isCauseOfRefund(waiting, mail)
        if (isCause) throw new Error(described(waiting, found))
      }
    }
    expect(looked).toBeGreaterThan(100_000)
  }, 20_000)

  const described = (world: World, found: Label) => `${found}: ${JSON.stringify(world)}`
})
