import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Facts } from '../checker/facts.ts'
import { FINDING_KINDS, type Finding } from '../checker/finding.ts'
import { checkedOut, type Mail, messageOf } from '../testing/oneSaga.ts'
import { ADVICE, diagnose, remedyInWords } from './diagnosis.ts'
import { disagreementsIn } from './disagreements.ts'
import { movesMoney, remedyOf, type Step } from './remedy.ts'

const NOW_MS = Date.parse('2026-01-31T10:30:00.000Z')
const { payload } = messageOf(checkedOut().mail[0] as Mail)
const { reservationId } = payload

const facts = (changedAtMs: number, change: Partial<Facts> = {}): Facts => ({
  ...{ nowMs: NOW_MS, shows: [], shards: [], records: [], seats: [], buyers: new Map() },
  ...{ tickets: [], ledger: [], provider: [], outbox: [], messages: [], inbox: [] },
  ...{ deadLetters: [], lag: [] },
  services: [{ service: 'payment', reservationId, state: 'captured', changedAtMs }],
  ...change,
})

const unpaid: Finding = {
  ...{ invariant: 'I6', kind: 'money without tickets', reservationId },
  words: `captured 240,000 for ${reservationId}, no ticket, no refund`,
}

describe('a disagreement', () => {
  const GRACE_MS = 60_000
  const look = (findings: Finding[], ageMs = 100_000) => ({
    facts: facts(NOW_MS - ageMs),
    findings,
  })

  it('is what is found twice about what has not changed for a while', () => {
    expect(disagreementsIn([look([unpaid]), look([unpaid])], GRACE_MS)).toEqual([
      { reservationId, findings: [unpaid], changedAtMs: NOW_MS - 100_000 },
    ])
  })

  it('is not what has gone by the second look', () => {
    expect(disagreementsIn([look([unpaid]), look([])], GRACE_MS)).toEqual([])
    expect(disagreementsIn([look([]), look([unpaid])], GRACE_MS)).toEqual([])
  })

  it('is not what is about a reservation that has just changed', () => {
    expect(disagreementsIn([look([unpaid], 59_000)], GRACE_MS)).toEqual([])
  })

  it('is not that a buyer takes the time that there is to pay', () => {
    const paying: Finding = {
      ...{ invariant: 'I6', kind: 'unfinished', reservationId, subject: 'redis' },
      words: 'still paying',
    }
    const record = {
      ...{ reservationId, showId: 'demo', customerId: 'c', status: 'paying', seats: [0] },
      ...{ amount: 1, changedAtMs: 0 },
    }
    const until = (deadlineMs: number) => ({
      facts: facts(0, { records: [{ ...record, deadlineMs }] }),
      findings: [paying],
    })
    expect(disagreementsIn([until(NOW_MS + 1)], GRACE_MS)).toEqual([])
    expect(disagreementsIn([until(NOW_MS - 1)], GRACE_MS)).toHaveLength(1)
  })

  it('stands alone where it is about no reservation', () => {
    const behind = (topic: string): Finding => ({
      ...{ invariant: 'I3', kind: 'group behind', subject: `ticket ${topic}`, words: topic },
    })
    const findings = [behind('seat_confirm'), behind('seat_cancel')]
    expect(disagreementsIn([look(findings)], GRACE_MS)).toHaveLength(2)
  })
})

describe('the remedy', () => {
  const step = (change: Partial<Step> = {}, mail: Partial<Mail> = {}): Step => ({
    message: messageOf({ id: 1, topic: 'payment_create', group: 'ticket', ...mail }),
    body: '{}',
    group: 'ticket',
    verdict: { label: 'apply', why: 'the seats are sold' },
    ...{ isPublished: true, isOnKafka: true, deadLetter: null, replays: 0, dealtWith: null },
    ...{ lag: 0, ...change },
  })
  const done = step({ verdict: { label: 'already applied', why: '' } })

  it('is none where every message was handled', () => {
    expect(remedyOf([done, done])).toMatchObject({ type: 'none', step: null })
  })

  it('publishes what a group never handled, for that group', () => {
    expect(remedyOf([done, step()])).toMatchObject({ type: 'publish', onlyFor: 'ticket' })
  })

  it('publishes for all what Kafka never had', () => {
    expect(remedyOf([step({ isOnKafka: false })])).toMatchObject({ onlyFor: null })
    expect(remedyOf([step({ isPublished: false })])).toMatchObject({ onlyFor: null })
  })

  it('replays a dead letter', () => {
    const id = 'payment_create.DLQ/0/7'
    expect(remedyOf([step({ deadLetter: id })])).toMatchObject({ type: 'replay', id })
  })

  it('does not replay what three replays could not help', () => {
    const worn = step({ deadLetter: 'payment_create.DLQ/0/7', replays: 3 })
    expect(remedyOf([worn])).toMatchObject({
      type: 'none',
      why: expect.stringContaining('3 replays of payment_create.DLQ/0/7 have failed'),
    })
  })

  describe('of a message that Kafka never had', () => {
    const at = (group: string, verdict: Step['verdict']) =>
      step({ group, verdict, isOnKafka: false }, { topic: 'ticket_cancel' })
    const seats = at('reservation', { label: 'apply', why: 'the seats come back' })
    const gravityOf = (steps: Step[]) => {
      const remedy = remedyOf(steps)
      return remedy.type === 'none' ? null : movesMoney(remedy)
    }

    it('moves money where any group that listens would', () => {
      const refund = at('payment', { label: 'superseded', why: 'the money is returned' })
      expect(gravityOf([seats, refund])).toBe(true)
      expect(gravityOf([seats, at('payment', { label: 'apply', why: 'nothing to it' })])).toBe(
        false,
      )
    })

    it('goes to the one group where another is in doubt', () => {
      const doubt = at('payment', { label: 'human', why: 'refund them?' })
      expect(remedyOf([seats, doubt])).toMatchObject({ onlyFor: 'reservation', others: [] })
      expect(gravityOf([seats, doubt])).toBe(false)
    })

    it('moves money where a card is charged', () => {
      const charged = step({
        ...{ group: 'payment', isOnKafka: false },
        verdict: { label: 'apply', why: 'the buyer is charged', isCharge: true },
      })
      expect(gravityOf([charged])).toBe(true)
    })
  })

  it('leaves alone what an operator has put away, what is in doubt, and what is still to be read', () => {
    const discarded = { deadLetter: 'payment_create.DLQ/0/7', dealtWith: 'discarded by kim' }
    expect(remedyOf([step(discarded)])).toMatchObject({
      type: 'none',
      why: 'payment_create.DLQ/0/7 was discarded by kim',
    })
    const human = { verdict: { label: 'human' as const, why: 'which is right?' } }
    expect(remedyOf([step(human)])).toMatchObject({ type: 'none', why: 'which is right?' })
    expect(remedyOf([step({ lag: 3 })])).toMatchObject({ type: 'none' })
  })

  it('is about what was said first, and tells the buyer last', () => {
    const early = step({}, { id: 2 })
    const told = step({ group: 'notification' }, { id: 1, topic: 'seat_confirm' })
    early.message.time = '2026-01-31T10:00:00.000Z'
    told.message.time = '2026-01-31T09:00:00.000Z'
    const late = step({}, { id: 3 })
    late.message.time = '2026-01-31T10:00:01.000Z'
    expect(remedyOf([late, told, early])).toMatchObject({ step: { message: { id: 'message-2' } } })
  })
})

describe('a diagnosis', () => {
  it('says what an operator has to know in one line', () => {
    const [disagreement] = disagreementsIn(
      [
        {
          facts: facts(0),
          findings: [
            {
              ...{ invariant: 'I6', kind: 'unfinished', reservationId, subject: 'redis' },
              words: 'still paying',
            },
            unpaid,
          ],
        },
      ],
      1,
    )
    const message = messageOf({ id: 1, topic: 'payment_create', group: 'ticket' })
    const step: Step = {
      ...{ message, body: '', group: 'ticket', verdict: { label: 'apply', why: 'sold' } },
      ...{ isPublished: true, isOnKafka: true, deadLetter: null, replays: 0, dealtWith: null },
      lag: 0,
    }
    const diagnosis = diagnose(disagreement!, [step], facts(0))
    expect(diagnosis.words).toBe(
      `captured 240,000 for ${reservationId}, no ticket, no refund, stuck since 10:00 at ticket`,
    )
    expect(remedyInWords(diagnosis)).toBe('publish payment_create message-1 again for ticket: sold')
  })

  it('has advice, and a line in the runbook, for every kind of finding', () => {
    expect(Object.keys(ADVICE)).toEqual([...FINDING_KINDS])
    const runbook = readFileSync(new URL('../../docs/OPERATIONS.md', import.meta.url), 'utf8')
    for (const kind of FINDING_KINDS) expect(runbook).toContain(`*${kind}*`)
  })
})
