import { describe, expect, it } from 'vitest'
import type { Facts } from '../../operator/checker/facts.ts'
import { auditBaselineFacts } from './baseline.ts'

const PAID = 'r07_00000000000000000000000001'
const RETURNED = 'r07_00000000000000000000000002'

const money = (reservationId: string, kind: 'capture' | 'refund') => ({
  ...{ reservationId, kind, amount: 100 },
})

const record = (reservationId: string, status: string, seat: number) => ({
  ...{ reservationId, showId: 'show', customerId: 'c', status, seats: [seat] },
  ...{ amount: 100, deadlineMs: 1_100_000 },
})

const ticket = (reservationId: string, seatId: string, isLive: boolean) => ({
  ...{ ticketId: `t-${reservationId}-${seatId}`, reservationId, showId: 'show', seatId, isLive },
  state: isLive ? 'confirmed' : 'void',
})

const state = (service: Facts['services'][number]['service'], id: string, word: string) => ({
  ...{ service, reservationId: id, state: word },
})

/** One order that was paid, and one whose money went back. */
const atRest = (): Facts => ({
  nowMs: 1_000_000,
  shows: [{ showId: 'show', shard: 7, seatIds: ['A-1-1', 'A-1-2'] }],
  shards: [{ shard: 7, isOpen: true, logTip: '900-2', projected: '900-2' }],
  records: [record(PAID, 'confirmed', 0), record(RETURNED, 'refunded', 1)],
  seats: [{ showId: 'show', index: 0, owner: `s${PAID}` }],
  buyers: new Map([['show/c', 1]]),
  services: [
    ...[state('reservation', PAID, 'confirmed'), state('reservation', RETURNED, 'refunded')],
    ...[state('payment', PAID, 'captured'), state('payment', RETURNED, 'refunded')],
    ...[state('ticket', PAID, 'confirmed'), state('ticket', RETURNED, 'void')],
    ...[state('notification', PAID, 'queued'), state('notification', RETURNED, 'sent')],
  ],
  tickets: [ticket(PAID, 'A-1-1', true), ticket(RETURNED, 'A-1-2', false)],
  ledger: [money(PAID, 'capture'), money(RETURNED, 'capture'), money(RETURNED, 'refund')],
  provider: [money(PAID, 'capture'), money(RETURNED, 'capture'), money(RETURNED, 'refund')],
  ...{ outbox: [], messages: [], inbox: [], deadLetters: [], lag: [] },
})

const findingsOf = (facts: Facts): string[] => auditBaselineFacts(facts).findings

describe('the audit of the baseline', () => {
  it('finds nothing in orders that ended well, and counts them', () => {
    expect(auditBaselineFacts(atRest())).toMatchObject({
      ok: true,
      findings: [],
      counts: {
        ...{ ordersConfirmed: 1, seatsSold: 1, liveTickets: 1, captures: 2, refunds: 1 },
        ...{ notices: 2, mailsNotYetSent: 1, findings: 0 },
      },
    })
  })

  it('finds a seat that was sold twice', () => {
    const facts = atRest()
    const tickets = [...facts.tickets, ticket(RETURNED, 'A-1-1', true)]
    const findings = findingsOf({ ...facts, tickets })
    expect(findings.some((words) => /^I1: seat show A-1-1 has two live tickets/.test(words))).toBe(
      true,
    )
  })

  it('finds captured money that has neither ticket nor refund', () => {
    const facts = atRest()
    const isKept = (one: { reservationId: string; kind: string }) =>
      one.reservationId !== RETURNED || one.kind === 'capture'
    const findings = findingsOf({
      ...facts,
      provider: facts.provider.filter(isKept),
      ledger: facts.ledger.filter(isKept),
    })
    expect(findings).toEqual([`I6: captured 100 for ${RETURNED}, no ticket, no refund`])
  })

  it.each(['paying', 'reversing'])('finds an order that is still %s', (word) => {
    const facts = atRest()
    const services = facts.services.map((one) =>
      one.service === 'reservation' && one.reservationId === RETURNED
        ? { ...one, state: word }
        : one,
    )
    expect(findingsOf({ ...facts, services })).toContain(`I6: order ${RETURNED} is still ${word}`)
  })

  it('finds a buyer who was told nothing', () => {
    const facts = atRest()
    const services = facts.services.filter(
      ({ service, reservationId }) => service !== 'notification' || reservationId !== PAID,
    )
    expect(findingsOf({ ...facts, services })).toEqual([`I6: nobody was told of ${PAID}`])
  })
})
