import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Message } from '../contracts/message.ts'
import type { Snapshot } from '../contracts/payloads.ts'
import {
  expired,
  lost,
  type NotificationRoom,
  openNotificationRoom,
  refunded,
  reserve,
  sold,
} from './testing/room.ts'

let room: NotificationRoom
beforeAll(async () => {
  room = await openNotificationRoom()
})
afterAll(() => room.close())

const one = (message: Message): Promise<void> => room.apply([message])

const kindsOf = async (of: Snapshot): Promise<string[]> =>
  (await room.rowsOf(of)).map((row) => row.kind).sort()

const lastKindOf = async ({ reservationId }: Snapshot): Promise<string | undefined> => {
  const [row] = await room.db.query<{ last_kind: string }>(
    'SELECT last_kind FROM conversations WHERE reservation_id = ?',
    [reservationId],
  )
  return row?.last_kind
}

describe('each word', () => {
  it.each([
    ['seat_confirm', sold, 'confirmed'],
    [
      'seat_cancel of a declined card',
      (of: Snapshot) => lost(of, 'payment_declined'),
      'payment_failed',
    ],
    ['seat_cancel of a conflict', (of: Snapshot) => lost(of), 'cancelled'],
    ['seat_expired', expired, 'expired'],
    ['payment_refund', refunded, 'refunded'],
  ] as const)(
    '%s becomes one notification, named by reservation and kind',
    async (_w, make, kind) => {
      const of = reserve()
      const message = make(of)
      await room.apply([message, message])
      await one(message)
      expect(await room.rowsOf(of)).toMatchObject([
        { notification_key: `${of.reservationId}.${kind}`, kind, state: 'queued', attempts: 0 },
      ])
    },
  )

  it('wakes the delivery once, when its row can be seen', async () => {
    const of = reserve()
    const message = sold(of)
    const before = room.woken.length
    await one(message)
    await one(message)
    expect(room.woken.slice(before)).toEqual([`${of.reservationId}.confirmed`])
  })

  it('wakes nobody when its transaction fails', async () => {
    const of = reserve()
    const before = room.woken.length
    const bad = { ...lost(reserve()), id: 'not-from-a-log' }
    await expect(room.apply([sold(of), bad])).rejects.toThrow(TypeError)
    expect(room.woken.length).toBe(before)
    expect(await room.rowsOf(of)).toEqual([])
  })
})

describe('words about one reservation', () => {
  it('are all said when they come in order', async () => {
    const of = reserve()
    for (const message of [expired(of), lost(of), refunded(of)]) await one(message)
    expect(await kindsOf(of)).toEqual(['cancelled', 'expired', 'refunded'])
    expect(await lastKindOf(of)).toBe('refunded')
  })

  it('that are older than the last one said are dropped', async () => {
    const of = reserve()
    const [first, second] = [expired(of), sold(of)]
    await one(second)
    await one(first)
    expect(await kindsOf(of)).toEqual(['confirmed'])
  })

  it('that are older are dropped within one batch too, and told by number, not by text', async () => {
    const of = reserve()
    const [older, newer] = [
      { ...expired(of), id: 's07-999-10' },
      { ...sold(of), id: 's07-1000-9' },
    ]
    await room.apply([newer, older])
    expect(await kindsOf(of)).toEqual(['confirmed'])
  })

  it('end with the refund, whatever comes after it', async () => {
    const of = reserve()
    const words = [expired(of), lost(of)]
    await one(refunded(of))
    await room.apply(words)
    await one(sold(of))
    expect(await kindsOf(of)).toEqual(['refunded'])
  })

  it('of one kind are said once, though the seat service says it again', async () => {
    const of = reserve()
    await one(lost(of, 'show_cancelled'))
    await room.apply([lost(of, 'late_payment'), lost(of, 'seat_conflict')])
    expect(await kindsOf(of)).toEqual(['cancelled'])
    await one(expired(of))
    expect(await kindsOf(of)).toEqual(['cancelled', 'expired'])
  })

  it('that reach two instances at once are said once each, and the refund is last', async () => {
    const all = Array.from({ length: 20 }, () => reserve())
    const words = all.map((of) => [expired(of), lost(of), refunded(of)] as const)
    await Promise.all([
      room.apply(words.flatMap(([first, , last]) => [first, last])),
      room.applyElsewhere(words.map(([, second]) => second).toReversed()),
      room.applyElsewhere(words.map(([first]) => first)),
    ])
    for (const of of all) {
      const kinds = await kindsOf(of)
      expect(kinds).toContain('refunded')
      expect(new Set(kinds).size).toBe(kinds.length)
      expect(await lastKindOf(of)).toBe('refunded')
    }
  })
})

describe('a word that does not come from the log', () => {
  it('is a mistake, for nobody could order it', async () => {
    const message = { ...sold(reserve()), id: '0196f0a2-5c1e-7a30-8b1f-2f6f0a6b9d11' }
    await expect(one(message)).rejects.toThrow('which is no log entry')
  })
})

describe('ops_reservation', () => {
  it('shows the last word and how its delivery stands', async () => {
    const of = reserve()
    await one(expired(of))
    await one(lost(of))
    await room.db.execute(
      "UPDATE notifications SET last_error = 'no route' WHERE notification_key = ?",
      [`${of.reservationId}.cancelled`],
    )
    const rows = await room.db.query('SELECT * FROM ops_reservation WHERE reservation_id = ?', [
      of.reservationId,
    ])
    expect(rows).toEqual([
      {
        reservation_id: of.reservationId,
        show_id: 'winter',
        service: 'notification',
        state: 'cancelled',
        detail: 'queued: no route',
        amount: 240_000,
        currency: 'KRW',
        updated_at: expect.any(Number),
        last_log_id: expect.stringMatching(/^\d+-\d+$/),
        said: 'expired,cancelled',
      },
    ])
  })
})
