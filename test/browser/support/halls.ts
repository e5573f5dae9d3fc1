/** Small halls with a stage, for tests that press seats. */
import { waitFor } from '../../../platform/testing/infra.ts'
import { ask, askUntilDefinite, Buyer } from '../../support/client.ts'
import type { System } from '../../support/system.ts'

export interface SeatMapView {
  version: string
  states: string
  free: number
  held: number
  sold: number
}

const ROWS = 'ABCD'
export const SEATS_PER_ROW = 14
const SEATS_PER_HALF_ROW = SEATS_PER_ROW / 2

/** Index of a seat of the hall in layout order. */
export function hallIndex(seatId: string): number {
  const [section, row, number] = seatId.split('-') as [string, string, string]
  const before = section === 'stalls' ? 0 : ROWS.length * SEATS_PER_ROW
  return before + ROWS.indexOf(row) * SEATS_PER_ROW + Number(number) - 1
}

/** Two sections of four curved rows each, at two prices: `stalls-A-1` to `circle-D-14`. */
export function hall(showId: string, policy?: Record<string, number>) {
  const section = (id: string, name: string, price: number, top: number) => ({
    ...{ id, name, price },
    rows: [...ROWS].map((row, at) => {
      const y = top + at * 90
      return { id: row, seats: SEATS_PER_ROW, curve: [-400, y, 0, y + 60, 400, y] }
    }),
  })
  return {
    showId,
    name: `A night in hall ${showId.slice(-4)}`,
    startsAt: '2031-05-17T10:00:00.000Z',
    currency: 'KRW',
    geometry: { seatSize: 46, stage: [-300, -240, 300, -240, 240, -100, -240, -100] },
    sections: [section('stalls', 'Stalls', 90_000, 0), section('circle', 'Circle', 60_000, 480)],
    ...(policy && { policy }),
  }
}

export async function makeShow(
  { http, adminToken }: Pick<System, 'http' | 'adminToken'>,
  body: object,
): Promise<void> {
  const { status, body: answer } = await askUntilDefinite(`${http}/v1/shows`, adminToken, { body })
  if (status > 201) throw new Error(`no show: ${status} ${JSON.stringify(answer)}`)
}

/** The server's map of a show. */
export async function mapOf({ http }: Pick<System, 'http'>, showId: string): Promise<SeatMapView> {
  return (await ask<SeatMapView>(`${http}/v1/shows/${showId}/seats`, null)).body
}

/** Sells every seat of a hall, a buyer for each half of a row. */
export async function sellOut(system: Pick<System, 'http'>, showId: string): Promise<void> {
  const halves = ['stalls', 'circle'].flatMap((section) =>
    [...ROWS].flatMap((row) =>
      [1, 1 + SEATS_PER_HALF_ROW].map((first) => ({ section, row, first })),
    ),
  )
  for (const { section, row, first } of halves) {
    const buyer = await Buyer.open(system.http)
    const seatIds = Array.from(
      { length: SEATS_PER_HALF_ROW },
      (_, at) => `${section}-${row}-${first + at}`,
    )
    const { body } = await buyer.hold(showId, seatIds)
    await buyer.checkout(body.reservationId, 'tok_ok')
  }
  const isSold = async () =>
    (await mapOf(system, showId)).sold === halves.length * SEATS_PER_HALF_ROW
  await waitFor('a hall that is sold out', isSold)
}
