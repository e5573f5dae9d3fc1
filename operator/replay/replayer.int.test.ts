import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OutgoingRecord } from '../../platform/kafka/producer.ts'
import { createLog } from '../../platform/log.ts'
import { Database } from '../../platform/mysql/database.ts'
import { freshDatabasePrefix, testMysqlUrl, waitFor } from '../../platform/testing/infra.ts'
import { Desk } from '../desk/desk.ts'
import { label } from '../labels/label.ts'
import { LABELS, type Label, type Situation } from '../labels/situation.ts'
import { contentOf, type Letter, letterOf } from '../letters/letter.ts'
import type { PlanRecord } from '../plan/planFile.ts'
import { checkedOut, situationOf } from '../testing/oneSaga.ts'
import { SAMPLES } from '../testing/samples.ts'
import { Replayer, type ReplayReport } from './replayer.ts'

/** Captured and paying: what becomes of its message depends on what the rest says. */
const MAIL = { id: 5, topic: 'payment_create', group: 'ticket' } as const
const PAID: Situation = situationOf(
  {
    ...checkedOut(),
    payment: { state: 'captured', stop: false, unanswered: false },
    mail: [MAIL],
  },
  MAIL,
)

/** The same message under each label. */
const SITUATIONS: Record<Label, Situation> = {
  apply: PAID,
  'already applied': { ...PAID, isHandled: true },
  superseded: {
    ...PAID,
    reservation: PAID.reservation && { ...PAID.reservation, status: 'expired' },
    ...{ seats: 'taken', taken: [{ seatId: 'A-1-7', by: 'sold' }] },
  },
  invalid: { ...PAID, reservation: null, unknown: { what: 'show demo' } },
  human: { ...PAID, payment: PAID.payment && { ...PAID.payment, state: 'failed' } },
}

describe('a replay', () => {
  let db: Database
  let desk: Desk
  let offsets = 0

  beforeAll(async () => {
    const log = createLog('replayer', 'silent')
    const url = await testMysqlUrl()
    db = new Database({ url, database: `${freshDatabasePrefix()}_operator`, poolSize: 4, log })
    await db.start()
    desk = await Desk.open(db, 'kim', log)
  })
  afterAll(async () => db?.stop())

  /** A letter of its own place; `reservation` tells whose it is. */
  function newLetter({ reservation = 0, seat = 7, replays = 0 } = {}): Letter {
    const offset = String(offsets++)
    const sample = structuredClone(SAMPLES.payment_create) as unknown as {
      id: string
      subject: string
      data: { payload: { reservationId: string; seatIds: string[] } }
    }
    sample.id = `message-${offset}`
    if (reservation > 0) {
      const id = `r07_${String(reservation).padStart(26, '0')}`
      sample.subject = id
      sample.data.payload.reservationId = id
      sample.data.payload.seatIds = [`A-1-${seat}`]
    }
    return letterOf({
      ...{ topic: 'payment_create.DLQ', partition: 0, offset, timestampMs: 1_000 },
      key: Buffer.from(sample.subject),
      value: Buffer.from(JSON.stringify(sample)),
      headers: { dlq_group: Buffer.from('ticket'), dlq_replays: Buffer.from(String(replays)) },
    })
  }

  const recordOf = (letter: Letter, planned: Label): PlanRecord => {
    const content = contentOf(letter)
    const read = { group: 'ticket', content }
    const why = label(read, fitting(letter, SITUATIONS[planned])).why
    return {
      ...{ id: letter.id, topic: letter.topic, group: 'ticket', label: planned, why },
      ...{ reservationId: null, showId: null, messageId: null, amount: null, reason: '' },
      ...{ failedAt: '', replays: letter.replays, fingerprint: letter.fingerprint, against: {} },
    }
  }

  /** The situation as if the stores had the letter's own seats. */
  function fitting(letter: Letter, situation: Situation): Situation {
    const content = contentOf(letter)
    if (!content.ok || !situation.reservation) return situation
    const { seatIds } = content.message.payload
    return { ...situation, reservation: { ...situation.reservation, seatIds } }
  }

  interface Rehearsal {
    /** The situation of a letter now, by its id; apply unless told. */
    nowOf?: (id: string) => Label
    send?: (records: readonly OutgoingRecord[]) => Promise<void>
    isStopped?: () => boolean
    isDryRun?: boolean
    /** Letters that lie there too, and are not in the plan. */
    others?: readonly Letter[]
    /** What lies at the letter's place now; itself unless told. */
    liesAt?: (letter: Letter) => Letter | null
  }

  async function run(
    letters: readonly Letter[],
    planned: Label,
    rehearsal: Rehearsal = {},
  ): Promise<ReplayReport & { records: OutgoingRecord[]; parkings: number }> {
    const { nowOf = () => 'apply', isStopped = () => false, isDryRun = false } = rehearsal
    const { others = [] } = rehearsal
    const records: OutgoingRecord[] = []
    let parkings = 0
    const byId = new Map([...letters, ...others].map((letter) => [letter.id, letter]))
    const replayer = new Replayer({
      ...{ desk, digest: 'a'.repeat(64), perSecond: 10_000, isDryRun, isStopped },
      reader: {
        read: async (asked) =>
          new Map(
            asked.map(({ id }) => {
              const situation = fitting(byId.get(id) as Letter, SITUATIONS[nowOf(id)])
              return [id, { situation, against: {} }]
            }),
          ),
      },
      producer: {
        async send(some) {
          await rehearsal.send?.(some)
          records.push(...some)
        },
      },
      findLetters: async (ids) =>
        new Map(
          ids.flatMap((id) => {
            const letter = byId.get(id)
            if (!letter) return []
            const found = rehearsal.liesAt ? rehearsal.liesAt(letter) : letter
            return found ? [[id, found]] : []
          }),
        ),
      makeParking: async () => {
        parkings += 1
      },
      onProgress: () => undefined,
    })
    await replayer.run(letters.map((letter) => recordOf(letter, planned)))
    return { ...replayer.report, records, parkings }
  }

  describe.each(['apply', 'superseded', 'human'] as const)('of what was %s', (planned) => {
    it.each(LABELS)('looks again, and sends it only if it still is: now %s', async (now) => {
      const letter = newLetter()
      const { sent, skipped, records } = await run([letter], planned, { nowOf: () => now })
      if (now === planned) {
        expect({ sent, skipped }).toEqual({ sent: 1, skipped: [] })
        expect(records[0]).toMatchObject({ topic: 'payment_create', key: letter.record.key })
      } else {
        expect({ sent, records }).toEqual({ sent: 0, records: [] })
        expect(skipped).toMatchObject([{ id: letter.id, planned, now }])
      }
    })
  })

  it('sends nothing that an operator has answered another question about', async () => {
    const letter = newLetter()
    const record = { ...recordOf(letter, 'human'), why: 'another question' }
    const replayer = new Replayer({
      ...{ desk, digest: 'a'.repeat(64), perSecond: 1_000, isDryRun: false },
      isStopped: () => false,
      reader: {
        read: async () => new Map([[letter.id, { situation: SITUATIONS.human, against: {} }]]),
      },
      producer: { send: () => Promise.reject(new Error('it was sent')) },
      findLetters: async () => new Map([[letter.id, letter]]),
      makeParking: async () => undefined,
      onProgress: () => undefined,
    })
    await replayer.run([record])
    expect(replayer.report).toMatchObject({ sent: 0, skipped: [{ now: 'human' }] })
  })

  it('sends each record once, however often it runs', async () => {
    const letters = [1, 2, 3].map((reservation) => newLetter({ reservation, seat: reservation }))
    expect(await run(letters, 'apply')).toMatchObject({ sent: 3, done: 0, isComplete: true })
    expect(await run(letters, 'apply')).toMatchObject({ sent: 0, done: 3, isComplete: true })
  })

  it('sends each record once when two run at the same time', async () => {
    const letters = Array.from({ length: 40 }, (_, at) =>
      newLetter({ reservation: at + 1, seat: at + 1 }),
    )
    const inTurn = async () => {
      const leader = desk.replayLeader(() => undefined)
      await leader.start()
      await waitFor('our turn', () => leader.isLeading)
      try {
        return await run(letters, 'apply')
      } finally {
        await leader.stop()
      }
    }
    const reports = await Promise.all([inTurn(), inTurn()])
    expect(reports.map(({ sent, done }) => [sent, done]).sort()).toEqual([
      [0, 40],
      [40, 0],
    ])
  })

  it('goes on where a run was killed before it had sent what it wrote down', async () => {
    const letter = newLetter()
    const send = () => Promise.reject(new Error('killed'))
    await expect(run([letter], 'apply', { send })).rejects.toThrow('killed')
    expect(await run([letter], 'apply')).toMatchObject({ sent: 1, skipped: [] })
    expect(await run([letter], 'apply')).toMatchObject({ sent: 0, done: 1 })
  })

  it('does not send again what a killed run had sent and could not write down', async () => {
    const letter = newLetter()
    const send = () => Promise.reject(new Error('killed'))
    await expect(run([letter], 'apply', { send })).rejects.toThrow('killed')
    const nowOf = () => 'already applied' as const
    expect(await run([letter], 'apply', { nowOf })).toMatchObject({ sent: 0, done: 1, skipped: [] })
    expect((await desk.dispositionsOf([letter])).get(letter.id)?.endedAtMs).toEqual(
      expect.any(Number),
    )
  })

  it('waits until what it sent shows before it judges what touches the same seats', async () => {
    const [first, second] = [newLetter({ reservation: 1 }), newLetter({ reservation: 2 })]
    let looks = 0
    const nowOf = (id: string): Label => {
      if (id === second.id) return looks >= 5 ? 'superseded' : 'apply'
      looks += 1
      return looks >= 5 ? 'already applied' : 'apply'
    }
    const { sent, skipped } = await run([first, second], 'apply', { nowOf })
    expect(sent).toBe(1)
    expect(skipped).toMatchObject([{ id: second.id, planned: 'apply', now: 'superseded' }])
  })

  it('waits for what a run before it has sent about the same seats', async () => {
    const [first, second] = [newLetter({ reservation: 901 }), newLetter({ reservation: 902 })]
    expect(await run([first], 'apply')).toMatchObject({ sent: 1 })
    let looks = 0
    const nowOf = (id: string): Label => {
      if (id === second.id) return looks >= 5 ? 'superseded' : 'apply'
      looks += 1
      return looks >= 5 ? 'already applied' : 'apply'
    }
    const { sent, skipped } = await run([second], 'apply', { nowOf, others: [first] })
    expect(sent).toBe(0)
    expect(skipped).toMatchObject([{ id: second.id, planned: 'apply', now: 'superseded' }])
  })

  it('parks what three replays could not help, once', async () => {
    const letter = newLetter({ replays: 3 })
    const { parked, sent, records, parkings } = await run([letter], 'apply')
    expect({ parked, sent, parkings }).toEqual({ parked: 1, sent: 0, parkings: 1 })
    expect(records[0]?.topic).toBe('payment_create.parking')
    expect(await run([letter], 'apply')).toMatchObject({ parked: 0, done: 1 })
  })

  it('stops between two records when it is told to', async () => {
    const letters = Array.from({ length: 300 }, (_, at) =>
      newLetter({ reservation: at + 1, seat: at + 1 }),
    )
    let steps = 0
    const send = async () => {
      steps += 1
    }
    const stopped = await run(letters, 'apply', { send, isStopped: () => steps > 0 })
    expect(stopped).toMatchObject({ sent: 200, isComplete: false })
    expect(await run(letters, 'apply')).toMatchObject({ sent: 100, done: 200, isComplete: true })
  })

  it('writes and sends nothing in a rehearsal', async () => {
    const letter = newLetter()
    const rehearsed = await run([letter], 'apply', { isDryRun: true })
    expect(rehearsed).toMatchObject({ sent: 1, records: [] })
    expect((await desk.dispositionsOf([letter])).size).toBe(0)
  })

  it('leaves out what Kafka does not have any more, and what is another record now', async () => {
    const [gone, other] = [newLetter({ reservation: 1 }), newLetter({ reservation: 2, seat: 8 })]
    const liesAt = (letter: Letter) =>
      letter === gone ? null : { ...letter, fingerprint: 'of another record' }
    const { sent, skipped } = await run([gone, other], 'apply', { liesAt })
    expect(sent).toBe(0)
    expect(skipped.map(({ id, now, why }) => ({ id, now, why }))).toEqual([
      { id: gone.id, now: null, why: 'Kafka does not have it any more' },
      { id: other.id, now: null, why: 'another record lies there now' },
    ])
  })

  it('leaves out, and says so, what an edit has begun', async () => {
    const letter = newLetter()
    expect(await desk.begin([letter], { action: 'edit', body: '{}' })).toBe(true)
    const { sent, done, skipped } = await run([letter], 'apply')
    expect({ sent, done }).toEqual({ sent: 0, done: 0 })
    expect(skipped[0]?.why).toContain('an edit of it was not finished')
  })

  it('leaves out what was discarded meanwhile', async () => {
    const letter = newLetter()
    expect(await desk.begin([letter], { action: 'discard', isDone: true })).toBe(true)
    expect(await run([letter], 'apply')).toMatchObject({ sent: 0, done: 1 })
    expect(await desk.begin([letter], { action: 'discard', isDone: true })).toBe(false)
  })
})
