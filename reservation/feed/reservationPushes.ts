/**
 * Tells every connection of a customer when one of their reservations changes, whoever changed it:
 * another connection, another process, a deadline, the saga. Fed from the log alone.
 */
import type { LogEntry, ReservationEntry } from '../../lua/logEntry.ts'
import type { Log } from '../../platform/log.ts'
import type { Tail } from '../booking/ground.ts'
import { viewOf } from '../booking/view.ts'
import type { Show } from '../shows/show.ts'
import type { Shows } from '../shows/shows.ts'
import type { Connections } from './connections.ts'

/** Entries that wait because the show of one must be read first. */
const QUEUE_MAX = 10_000

export interface PushesOptions {
  readonly tail: Tail
  readonly shows: Pick<Shows, 'peek' | 'find'>
  readonly connections: Connections
  /** The server's clock, RFC 3339. */
  readonly now: () => string
  readonly log: Log
}

export class ReservationPushes {
  readonly #options: PushesOptions
  readonly #queue: ReservationEntry[] = []
  #isPumping = false

  /** Listens to the tail for as long as the process lives. */
  constructor(options: PushesOptions) {
    this.#options = options
    options.tail.subscribe((_, entries) => this.#hear(entries))
  }

  #hear(entries: readonly LogEntry[]): void {
    const { connections } = this.#options
    if (connections.size === 0) return
    for (const entry of entries) {
      if (entry.type === 'opened' || connections.of(entry.customerId).size === 0) continue
      if (this.#queue.length < QUEUE_MAX) this.#queue.push(entry)
      else this.#sendAway(entry.customerId)
    }
    if (!this.#isPumping) void this.#pump()
  }

  /** One after the other, so that nobody hears of an older change after a newer one. */
  async #pump(): Promise<void> {
    const { shows, log } = this.#options
    this.#isPumping = true
    for (let entry = this.#queue[0]; entry; entry = this.#queue[0]) {
      try {
        const show = shows.peek(entry.showId) ?? (await shows.find(entry.showId))
        if (show) this.#tell(entry, show)
      } catch (error) {
        log.warn({ err: error, showId: entry.showId }, 'a reservation could not be told of')
        this.#sendAway(entry.customerId)
      }
      this.#queue.shift()
    }
    this.#isPumping = false
  }

  #tell(entry: ReservationEntry, show: Show): void {
    const { connections, now } = this.#options
    const { requestHash = '', id: version } = entry
    const reservation = viewOf({ ...entry, requestHash, version }, show)
    const text = JSON.stringify({ op: 'reservation', reservation, now: now() })
    for (const socket of [...connections.of(entry.customerId)]) socket.send([text])
  }

  /** What cannot be told must not be missed: who comes back reads how things are. */
  #sendAway(customerId: string): void {
    for (const socket of [...this.#options.connections.of(customerId)]) socket.end('goingAway')
  }
}
