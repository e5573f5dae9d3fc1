import { type Answer, Buyer, call, type Reservation } from './buyer.ts'
import type { Hops } from './hops.ts'

export interface SeatCounts {
  total: number
  free: number
  held: number
  sold: number
  blocked: number
}

export interface RunningSystem {
  http: string
  kafkaBrokers: string
  sandboxUrl: string
  adminToken: string
}

/** What a scene plays on: one show of its own, the buyers, the hops and the checks. */
export class Stage {
  readonly system: RunningSystem
  readonly hops: Hops
  readonly showId: string
  private readonly failures: string[] = []
  private readonly reservations = new Map<string, Reservation>()

  constructor(options: { system: RunningSystem; hops: Hops; showId: string }) {
    this.system = options.system
    this.hops = options.hops
    this.showId = options.showId
  }

  /** Creates the demo's show: short deadlines, so that nobody has to wait for minutes. */
  async open(policy: { holdTtlMs: number; paymentWindowMs: number }): Promise<void> {
    const created = await call(`${this.system.http}/v1/shows`, {
      token: this.system.adminToken,
      body: {
        showId: this.showId,
        name: 'Holdfast demo',
        startsAt: new Date(Date.now() + 86_400_000).toISOString(),
        currency: 'KRW',
        sections: [{ id: 'A', name: 'Stalls', price: 120_000, rows: [{ id: '1', seats: 20 }] }],
        policy,
      },
    })
    this.expect(created.status === 201, `the show was not created: ${created.status}`)
  }

  newBuyer(): Promise<Buyer> {
    return Buyer.open(this.system.http)
  }

  async hold(buyer: Buyer, seatIds: readonly string[]): Promise<Reservation> {
    const startedAtMs = performance.now()
    const answer = await buyer.hold(this.showId, seatIds)
    this.expectStatus(answer, 201, 'hold')
    this.hops.begin(answer.body.reservationId)
    this.say(`hold ${seatIds.join(', ')}: ${answer.body.status}`, startedAtMs)
    this.reservations.set(answer.body.reservationId, answer.body)
    return answer.body
  }

  async checkout(buyer: Buyer, held: Reservation, cardToken: string): Promise<void> {
    const startedAtMs = performance.now()
    this.hops.begin(held.reservationId)
    const answer = await buyer.checkout(held.reservationId, cardToken)
    this.expectStatus(answer, 202, 'checkout')
    this.say(`checkout with ${cardToken}: ${answer.body.status}`, startedAtMs)
  }

  /** Waits until the buyer reads the wanted status, and for the last message that it causes. */
  async ends(
    buyer: Buyer,
    held: Reservation,
    end: { status: string; topic: string; reason?: string },
  ): Promise<Reservation> {
    const startedAtMs = performance.now()
    const found = await buyer.until(held.reservationId, end.status)
    await this.hops.saw(held.reservationId, end.topic)
    this.hops.print(held.reservationId)
    const because = found.reason ? ` (${found.reason})` : ''
    this.say(`the buyer reads: ${found.status}${because}`, startedAtMs)
    this.expect(found.reason === end.reason, `reason ${found.reason}, not ${end.reason}`)
    this.reservations.set(held.reservationId, found)
    return found
  }

  say(line: string, sinceMs?: number): void {
    const took = sinceMs === undefined ? '' : `${Math.round(performance.now() - sinceMs)} ms`
    process.stdout.write(`  ${took.padStart(8)}  ${line}\n`)
  }

  /** Notes a failure and says it at once; the demo goes on to show the rest. */
  expect(isTrue: boolean, complaint: string): void {
    if (isTrue) return
    this.failures.push(complaint)
    process.stdout.write(`            NOT AS IT SHOULD BE: ${complaint}\n`)
  }

  private expectStatus(answer: Answer<unknown>, status: number, what: string): void {
    if (answer.status === status) return
    throw new Error(`${what} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  }

  async seats(): Promise<SeatCounts> {
    const url = `${this.system.http}/v1/shows/${this.showId}/seats`
    return (await call<SeatCounts>(url)).body
  }

  /** Every reservation of the demo as its buyer last read it. */
  ended(): readonly Reservation[] {
    return [...this.reservations.values()]
  }

  complaints(): readonly string[] {
    return this.failures
  }
}
