import type { Message } from '../../contracts/message.ts'
import { waitUntil } from './waitUntil.ts'

interface Hop {
  topic: string
  source: string
  seenAtMs: number
  reason?: string
}

const HOP_WITHIN_MS = 30_000

/** The messages of each reservation in the order in which they came by, with their times. */
export class Hops {
  private readonly hops = new Map<string, Hop[]>()
  private readonly begunAtMs = new Map<string, number>()
  private readonly printed = new Map<string, number>()

  /** The clock of a reservation's hops starts (again) at its last click. */
  begin(reservationId: string): void {
    this.begunAtMs.set(reservationId, performance.now())
  }

  note(message: Message): void {
    const { reservationId } = message.payload
    const reason = 'reason' in message.payload ? message.payload.reason : undefined
    const hops = this.hops.get(reservationId) ?? []
    hops.push({
      topic: message.topic,
      source: message.source,
      seenAtMs: performance.now(),
      ...(reason && { reason }),
    })
    this.hops.set(reservationId, hops)
  }

  /** Waits until a message on `topic` came by for this reservation. Throws after 30 s. */
  async saw(reservationId: string, topic: string): Promise<void> {
    await waitUntil(() => (this.hops.get(reservationId) ?? []).some((hop) => hop.topic === topic), {
      withinMs: HOP_WITHIN_MS,
      what: `${topic} for ${reservationId}`,
    })
  }

  /** Prints the hops that were not printed before, in milliseconds since the last click. */
  print(reservationId: string): void {
    const hops = this.hops.get(reservationId) ?? []
    const begunAtMs = this.begunAtMs.get(reservationId) ?? 0
    for (const hop of hops.slice(this.printed.get(reservationId) ?? 0)) {
      const at = `+${Math.round(hop.seenAtMs - begunAtMs)} ms`
      const why = hop.reason ? `  (${hop.reason})` : ''
      const line = `${hop.source.padEnd(13)} ${hop.topic}${why}`
      process.stdout.write(`  ${at.padStart(8)}  ${line}\n`)
    }
    this.printed.set(reservationId, hops.length)
  }

  /** How often a topic came by for a reservation. */
  countOf(reservationId: string, topic: string): number {
    return (this.hops.get(reservationId) ?? []).filter((hop) => hop.topic === topic).length
  }
}
