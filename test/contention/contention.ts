import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { uniqueName } from '../../platform/testing/infra.ts'
import { ask, createShow } from '../support/client.ts'
import { healthySystem } from '../support/healthy.ts'
import { expectHealthy } from '../support/quiet.ts'
import type { System } from '../support/system.ts'
import { type History, seatsOwnedTwice, wrongRefusals } from './history.ts'

const PROCESSES = 4
const BUYERS = 200
const ATTEMPTS = 50
const SEATS = 100
const CROWD = fileURLToPath(new URL('./crowd.ts', import.meta.url))
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

interface SeatCounts {
  total: number
  free: number
  held: number
  sold: number
  blocked: number
}

describe('a crowd on the same seats', () => {
  const letCrowdIn = async (
    system: System,
    showId: string,
    seatIds: string[],
  ): Promise<History> => {
    const orders = {
      http: system.http,
      showId,
      seatIds,
      buyers: BUYERS / PROCESSES,
      attempts: ATTEMPTS,
    }
    const args = ['--import', 'tsx', CROWD, JSON.stringify(orders)]
    const crowds = await Promise.all(
      Array.from({ length: PROCESSES }, () =>
        promisify(execFile)(process.execPath, args, { maxBuffer: OUTPUT_BYTES_MAX }),
      ),
    )
    const histories = crowds.map(({ stdout }) => JSON.parse(stdout) as History)
    return {
      tried: histories.flatMap(({ tried }) => tried),
      unexpected: histories.flatMap(({ unexpected }) => unexpected),
    }
  }

  it('gives each seat to one buyer and tells the others the truth', async () => {
    const system = healthySystem()
    const showId = uniqueName('crowd')
    const policy = { seatsPerHoldMax: 4, seatsPerBuyerMax: SEATS }
    const seatIds = await createShow(system, { showId, rows: 10, seatsPerRow: 10, policy })
    const { tried, unexpected } = await letCrowdIn(system, showId, seatIds)

    expect(unexpected).toEqual([])
    expect(tried).toHaveLength(BUYERS * ATTEMPTS)
    expect(seatsOwnedTwice(tried)).toEqual([])
    expect(wrongRefusals(tried)).toEqual([])

    const facts = await expectHealthy(system)
    const sold = tried.filter(({ isCheckedOut }) => isCheckedOut)
    const soldSeats = sold.flatMap((hold) => hold.seatIds)
    const url = `${system.http}/v1/shows/${showId}/seats`
    const { body: seats } = await ask<SeatCounts>(url, null)
    expect(seats.free + seats.held + seats.sold + seats.blocked).toBe(SEATS)
    expect(seats).toMatchObject({ total: SEATS, held: 0, sold: soldSeats.length })
    expect(new Set(soldSeats).size).toBe(soldSeats.length)
    const tickets = facts.tickets.filter((ticket) => ticket.showId === showId && ticket.isLive)
    expect(tickets).toHaveLength(soldSeats.length)
    const records = facts.records.filter((record) => record.showId === showId)
    expect(records.filter(({ status }) => status === 'confirmed')).toHaveLength(sold.length)
    const here = new Set(records.map(({ reservationId }) => reservationId))
    const money = facts.provider.filter(({ reservationId }) => here.has(reservationId))
    expect(money.map(({ kind }) => kind)).toEqual(sold.map(() => 'capture'))
  })
})
