import { describe, expect, it } from 'vitest'
import { type HoldTried, seatsOwnedTwice, wrongRefusals } from './history.ts'

const hold = (from: number, to: number, more: Partial<HoldTried> = {}): HoldTried => ({
  seatIds: ['A-1-1'],
  invokedAtMs: from,
  answeredAtMs: to,
  status: 201,
  taken: [],
  reservationId: `r${from}`,
  isCheckedOut: false,
  ...more,
})

const refusal = (from: number, to: number, taken: string[]): HoldTried => {
  const { reservationId: _none, ...tried } = hold(from, to, { status: 409, taken })
  return tried
}

describe('seatsOwnedTwice', () => {
  it('finds two holds of a seat that was never given back', () => {
    expect(seatsOwnedTwice([hold(0, 10), hold(20, 30)])).toHaveLength(1)
  })

  it('accepts a seat that was given back in between', () => {
    const first = hold(0, 10, { releaseInvokedAtMs: 12, releaseAnsweredAtMs: 25 })
    expect(seatsOwnedTwice([first, hold(20, 30)])).toEqual([])
  })

  it('finds an answer that came before the release was even asked for', () => {
    const first = hold(0, 10, { releaseInvokedAtMs: 40, releaseAnsweredAtMs: 50 })
    expect(seatsOwnedTwice([first, hold(20, 30)])).toHaveLength(1)
  })
})

describe('wrongRefusals', () => {
  it('accepts a refusal while another may have had the seat', () => {
    expect(wrongRefusals([hold(0, 10), refusal(5, 8, ['A-1-1'])])).toEqual([])
  })

  it('finds a refusal that names a seat long given back', () => {
    const first = hold(0, 10, { releaseInvokedAtMs: 12, releaseAnsweredAtMs: 15 })
    expect(wrongRefusals([first, refusal(20, 30, ['A-1-1'])])).toHaveLength(1)
  })

  it('finds a refusal that names a seat nobody asked for, or none at all', () => {
    expect(wrongRefusals([hold(0, 10), refusal(5, 8, ['A-1-2'])])).toHaveLength(1)
    expect(wrongRefusals([hold(0, 10), refusal(5, 8, [])])).toHaveLength(1)
  })
})
