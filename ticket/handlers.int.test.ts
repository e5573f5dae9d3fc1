import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Message } from '../contracts/message.ts'
import type { Snapshot } from '../contracts/payloads.ts'
import { waitFor } from '../platform/testing/infra.ts'
import {
  newShow,
  openTicketRoom,
  paid,
  reserve,
  seatsLost,
  seatsSold,
  type TicketRoom,
  unpaid,
  WAITING_RECHECK_MS,
} from './testing/room.ts'

let room: TicketRoom
beforeAll(async () => {
  room = await openTicketRoom()
})
afterAll(() => room.close())

/** What was published about these reservations: `<topic> <position in the list>[ <reason>]`. */
async function saidOf(...reservations: Snapshot[]): Promise<string[]> {
  const ids = reservations.map((one) => one.reservationId)
  const all = await room.published()
  return all
    .filter(({ payload }) => ids.includes(payload.reservationId))
    .map(({ topic, payload }) =>
      [topic, ids.indexOf(payload.reservationId), 'reason' in payload ? payload.reason : '']
        .join(' ')
        .trim(),
    )
}

const liveOn = (showId: string) =>
  room.db.query<{ seat_id: string; state: string; reservation_id: string }>(
    `SELECT seat_id, state, reservation_id FROM tickets WHERE show_id = ? AND live = 1
     ORDER BY seat_id`,
    [showId],
  )

const one = (message: Message): Promise<void> => room.apply([message])

describe('a paid reservation', () => {
  it('gets a live ticket per seat, and the tickets and the snapshot are passed on', async () => {
    const of = reserve(newShow(), 'A-1-7', 'A-1-2')
    await one(paid(of))
    expect(await liveOn(of.showId)).toMatchObject([
      { seat_id: 'A-1-2', state: 'issued' },
      { seat_id: 'A-1-7', state: 'issued' },
    ])
    const [confirm] = (await room.published()).filter(
      ({ payload }) => payload.reservationId === of.reservationId,
    )
    expect(confirm).toMatchObject({
      topic: 'ticket_confirm',
      source: '/ticket',
      traceparent: expect.stringMatching(/^00-/),
      payload: {
        ...of,
        paymentId: `payment-of-${of.reservationId}`,
        tickets: [
          { ticketId: `t${of.reservationId.slice(1)}_1`, seatId: 'A-1-7' },
          { ticketId: `t${of.reservationId.slice(1)}_2`, seatId: 'A-1-2' },
        ],
      },
    })
  })

  it('is confirmed by the seat service and stays live', async () => {
    const of = reserve(newShow(), 'A-1-1')
    await one(paid(of))
    await one(seatsSold(of))
    expect(await room.stateOf(of)).toBe('confirmed')
    expect(await liveOn(of.showId)).toMatchObject([{ state: 'confirmed' }])
    expect(await saidOf(of)).toEqual(['ticket_confirm 0'])
  })

  it.each(['issued', 'confirmed'])(
    'is withdrawn from %s when the seats are lost',
    async (state) => {
      const of = reserve(newShow(), 'A-1-1', 'A-1-2')
      await one(paid(of))
      if (state === 'confirmed') await one(seatsSold(of))
      await one(seatsLost(of))
      expect(await room.stateOf(of)).toBe('void')
      expect(await liveOn(of.showId)).toEqual([])
      expect(await saidOf(of)).toEqual(['ticket_confirm 0', 'ticket_cancel 0 seat_conflict'])
    },
  )

  it('is refused when its seats were lost before the payment arrived', async () => {
    const of = reserve(newShow(), 'A-1-1')
    await one(seatsLost(of, 'payment_unavailable'))
    expect(await room.stateOf(of)).toBe('tombstone')
    await one(paid(of))
    expect(await room.stateOf(of)).toBe('refused')
    expect(await saidOf(of)).toEqual(['ticket_cancel 0 late_payment'])
  })

  it('has its payment named when it is withdrawn, though seat_cancel does not name it', async () => {
    const of = reserve(newShow(), 'A-1-1')
    await one(paid(of))
    await one(seatsLost(of))
    const cancel = (await room.published()).findLast(({ topic }) => topic === 'ticket_cancel')
    expect(cancel?.payload).toMatchObject({ paymentId: `payment-of-${of.reservationId}` })
  })
})

describe('an unpaid reservation', () => {
  it('is refused, and no ticket is ever written', async () => {
    const of = reserve(newShow(), 'A-1-1')
    await one(unpaid(of))
    expect(await room.stateOf(of)).toBe('refused')
    expect(await saidOf(of)).toEqual(['ticket_cancel 0 payment_declined'])
    const rows = await room.db.query('SELECT * FROM tickets WHERE show_id = ?', [of.showId])
    expect(rows).toEqual([])
  })
})

describe('messages that come twice', () => {
  it.each([
    ['payment_create', paid, 'ticket_confirm 0'],
    ['payment_fail', unpaid, 'ticket_cancel 0 payment_declined'],
  ] as const)(
    '%s has one effect, in one batch, in two, and under a new id',
    async (_t, make, said) => {
      const of = reserve(newShow(), 'A-1-1')
      const message = make(of)
      await room.apply([message, message])
      await one(message)
      await one(make(of))
      expect(await saidOf(of)).toEqual([said])
    },
  )

  it('seat_confirm and seat_cancel have one effect', async () => {
    const of = reserve(newShow(), 'A-1-1')
    const [confirm, cancel] = [seatsSold(of), seatsLost(of)]
    await one(paid(of))
    await room.apply([confirm, confirm])
    await one(seatsSold(of))
    await room.apply([cancel, cancel])
    await one(seatsLost(of))
    await one(confirm)
    expect(await room.stateOf(of)).toBe('void')
    expect(await saidOf(of)).toEqual(['ticket_confirm 0', 'ticket_cancel 0 seat_conflict'])
  })
})

describe('a seat that somebody else has', () => {
  it('makes a payer wait while the other is only issued, within one batch too', async () => {
    const show = newShow()
    const [first, second] = [reserve(show, 'A-1-1'), reserve(show, 'A-1-1', 'A-1-2')]
    await room.apply([paid(first), paid(second)])
    expect(await room.stateOf(second)).toBe('waiting')
    expect(await liveOn(show)).toHaveLength(1)
    expect(await saidOf(first, second)).toEqual(['ticket_confirm 0'])
  })

  it('refuses the payer when the other is confirmed', async () => {
    const show = newShow()
    const [first, second] = [reserve(show, 'A-1-1'), reserve(show, 'A-1-1')]
    await one(paid(first))
    await one(seatsSold(first))
    await one(paid(second))
    expect(await saidOf(first, second)).toEqual([
      'ticket_confirm 0',
      'ticket_cancel 1 seat_conflict',
    ])
  })

  it('refuses the waiting one in the transaction that confirms the other', async () => {
    const show = newShow()
    const [first, second] = [reserve(show, 'A-1-1'), reserve(show, 'A-1-1', 'A-1-2')]
    await room.apply([paid(first), paid(second)])
    await one(seatsSold(first))
    expect(await room.stateOf(second)).toBe('refused')
    expect(await saidOf(first, second)).toEqual([
      'ticket_confirm 0',
      'ticket_cancel 1 seat_conflict',
    ])
  })

  it('issues the waiting one in the transaction that voids the other', async () => {
    const show = newShow()
    const [first, second] = [reserve(show, 'A-1-1'), reserve(show, 'A-1-1', 'A-1-2')]
    await room.apply([paid(first), paid(second)])
    await one(seatsLost(first))
    expect(await liveOn(show)).toMatchObject([
      { seat_id: 'A-1-1', reservation_id: second.reservationId },
      { seat_id: 'A-1-2', reservation_id: second.reservationId },
    ])
    expect(await saidOf(first, second)).toEqual([
      'ticket_confirm 0',
      'ticket_cancel 0 seat_conflict',
      'ticket_confirm 1',
    ])
    const confirm = (await room.published()).findLast(({ topic }) => topic === 'ticket_confirm')
    expect(confirm?.payload).toMatchObject(second)
  })

  it('frees room for one that waits for two others only when both are gone', async () => {
    const show = newShow()
    const [left, right] = [reserve(show, 'A-1-1'), reserve(show, 'A-1-2')]
    const both = reserve(show, 'A-1-1', 'A-1-2')
    await room.apply([paid(left), paid(right), paid(both)])
    await room.apply([seatsLost(left), seatsLost(right, 'show_cancelled')])
    expect(await liveOn(show)).toMatchObject([
      { reservation_id: both.reservationId },
      { reservation_id: both.reservationId },
    ])
  })

  it('refuses a waiting one whose own seats are lost', async () => {
    const show = newShow()
    const [first, second] = [reserve(show, 'A-1-1'), reserve(show, 'A-1-1')]
    await room.apply([paid(first), paid(second)])
    await one(seatsLost(second))
    await one(seatsSold(first))
    expect(await saidOf(first, second)).toEqual([
      'ticket_confirm 0',
      'ticket_cancel 1 seat_conflict',
    ])
  })
})

describe('the sweep', () => {
  it('decides a waiting ticket whose word was missed', async () => {
    const show = newShow()
    const [first, second] = [reserve(show, 'A-1-1'), reserve(show, 'A-1-1')]
    await room.apply([paid(first), paid(second)])
    // As if the tickets had been withdrawn without anybody looking at who waits.
    await room.db.execute("UPDATE ticketings SET state = 'void' WHERE reservation_id = ?", [
      first.reservationId,
    ])
    await room.db.execute(
      "UPDATE tickets SET state = 'void', live = NULL WHERE reservation_id = ?",
      [first.reservationId],
    )
    await room.sweep.start()
    await waitFor('the waiting ticket', async () => (await room.stateOf(second)) === 'issued')
    await room.sweep.stop()
    expect(await saidOf(first, second)).toEqual(['ticket_confirm 0', 'ticket_confirm 1'])
  })

  it('leaves a ticket waiting, and asks again later, while the other is only issued', async () => {
    const show = newShow()
    const [first, second] = [reserve(show, 'A-1-1'), reserve(show, 'A-1-1')]
    await room.apply([paid(first), paid(second)])
    const due = async (): Promise<number> => {
      const [row] = await room.db.query<{ due_at: number }>(
        'SELECT due_at FROM tickets WHERE reservation_id = ?',
        [second.reservationId],
      )
      return row?.due_at ?? 0
    }
    const firstDue = await due()
    await waitFor('a look at it', async () => {
      await room.sweepOnce()
      return (await due()) > firstDue
    })
    expect(await due()).toBeGreaterThanOrEqual(firstDue + WAITING_RECHECK_MS)
    expect(await room.stateOf(second)).toBe('waiting')
    await one(seatsLost(second))
  })
})

async function insertsThatWait(): Promise<boolean> {
  const [row] = await room.db.query<{ waits: number }>(
    `SELECT COUNT(*) AS waits FROM information_schema.INNODB_TRX
     WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE 'INSERT INTO tickets%'`,
  )
  return (row?.waits ?? 0) > 0
}

describe('two instances', () => {
  it('racing for seats issue each of them once, and one waits for the other', async () => {
    for (let round = 0; round < 10; round += 1) {
      const show = newShow()
      const seats = (from: number) => [0, 1, 2].map((n) => `A-1-${1 + ((from + n) % 12)}`)
      const here = Array.from({ length: 6 }, (_, n) => reserve(show, ...seats(n * 2)))
      const there = Array.from({ length: 6 }, (_, n) =>
        reserve(show, ...seats(n * 2 + 1).reverse()),
      )
      await Promise.all([room.apply(here.map(paid)), room.applyElsewhere(there.map(paid))])
      const live = await liveOn(show)
      expect(new Set(live.map((row) => row.seat_id)).size).toBe(live.length)
      for (const of of [...here, ...there]) {
        const count = live.filter((row) => row.reservation_id === of.reservationId).length
        expect(count).toBe((await room.stateOf(of)) === 'issued' ? 3 : 0)
        expect(['issued', 'waiting']).toContain(await room.stateOf(of))
      }
    }
  })

  it('do not miss each other: one begins to wait while the other withdraws', async () => {
    for (let round = 0; round < 15; round += 1) {
      const show = newShow()
      const [first, second] = [reserve(show, 'A-1-1'), reserve(show, 'A-1-1')]
      await one(paid(first))
      await Promise.all([room.apply([seatsLost(first)]), room.applyElsewhere([paid(second)])])
      // No sweep runs here: whoever came last saw the other.
      expect(await room.stateOf(second)).toBe('issued')
    }
  })

  it('handling the same messages have one effect', async () => {
    const all = Array.from({ length: 20 }, (_, n) => reserve(newShow(), `A-1-${n + 1}`))
    const messages = all.map(paid)
    await Promise.all([room.apply(messages), room.applyElsewhere(messages.toReversed())])
    expect((await saidOf(...all)).length).toBe(20)
  })
})

describe('the unique key', () => {
  it('is the last word: SQL itself refuses a second live ticket for a seat', async () => {
    const of = reserve(newShow(), 'A-1-1')
    await one(paid(of))
    const second = room.db.execute(
      `INSERT INTO tickets (ticket_id, reservation_id, show_id, seat_id, state, live)
       VALUES ('t1', 'r1', ?, 'A-1-1', 'issued', 1)`,
      [of.showId],
    )
    await expect(second).rejects.toMatchObject({ code: 'ER_DUP_ENTRY' })
  })

  it('turns a race into a wait, also when the other ticket has no row to lock', async () => {
    const of = reserve(newShow(), 'A-1-1')
    const other = reserve(of.showId, 'A-1-1')
    let isHeld = false
    let release = (): void => undefined
    const held = room.db.transaction(async (tx) => {
      await tx.execute(
        `INSERT INTO ticketings (reservation_id, show_id, state, amount, currency)
         VALUES (?, ?, 'issued', 1, 'KRW')`,
        [other.reservationId, other.showId],
      )
      await tx.execute(
        `INSERT INTO tickets (ticket_id, reservation_id, show_id, seat_id, state, live)
         VALUES ('t2', ?, ?, 'A-1-1', 'issued', 1)`,
        [other.reservationId, other.showId],
      )
      isHeld = true
      await new Promise<void>((resolve) => {
        release = resolve
      })
    })
    await waitFor('the other instance to have inserted', () => isHeld)
    const applied = one(paid(of))
    // InnoDB renews this table only for who has not read it for a tenth of a second.
    await waitFor('our insert to wait for its lock', insertsThatWait, { everyMs: 150 })
    release()
    await Promise.all([held, applied])
    expect(await room.stateOf(of)).toBe('waiting')
  })
})

describe('a message that names a seat twice', () => {
  it('is a mistake, not a race to be run for ever', async () => {
    const of = reserve(newShow(), 'A-1-1', 'A-1-1')
    await expect(one(paid(of))).rejects.toThrow(TypeError)
  })
})

describe('ops_reservation', () => {
  it('shows what became of a reservation', async () => {
    const of = reserve(newShow(), 'A-1-1')
    await one(unpaid(of, 'payment_unavailable'))
    const rows = await room.db.query('SELECT * FROM ops_reservation WHERE reservation_id = ?', [
      of.reservationId,
    ])
    expect(rows).toEqual([
      {
        reservation_id: of.reservationId,
        show_id: of.showId,
        service: 'ticket',
        state: 'refused',
        detail: 'payment_unavailable',
        amount: 120_000,
        currency: 'KRW',
        updated_at: expect.any(Number),
      },
    ])
  })
})
