/**
 * Waiting until the projector has passed an entry. Where this process leads the shard it is told
 * by its own projector; else it looks at `{sNN}:pos`, in short intervals and only while somebody
 * waits.
 */
import { compareLogIds, shardTagOf } from '../../contracts/ids.ts'
import { OperationalError } from '../../platform/errors.ts'

export const POLL_MS = 15

interface Waiter {
  logId: string
  resolve: () => void
}

export interface PositionWaitersOptions {
  leads: (shard: number) => boolean
  readPosition: (query: { shard: number }) => Promise<string>
}

export class PositionWaiters {
  readonly #options: PositionWaitersOptions
  readonly #waiters = new Map<number, Set<Waiter>>()
  /** Log id of the newest position known, by shard. */
  readonly #known = new Map<number, string>()
  #poll: NodeJS.Timeout | null = null
  #isStopped = false

  constructor(options: PositionWaitersOptions) {
    this.#options = options
  }

  /** Whether somebody waits for the shard's position to move. */
  isWanted(shard: number): boolean {
    return (this.#waiters.get(shard)?.size ?? 0) > 0
  }

  /** The newest position known; undefined before the first. */
  knownOf(shard: number): string | undefined {
    return this.#known.get(shard)
  }

  /** The projector has committed up to `logId`. */
  moved(shard: number, logId: string): void {
    const known = this.#known.get(shard)
    if (known !== undefined && compareLogIds(known, logId) >= 0) return
    this.#known.set(shard, logId)
    for (const waiter of this.#waiters.get(shard) ?? []) {
      if (compareLogIds(logId, waiter.logId) >= 0) waiter.resolve()
    }
  }

  /**
   * Resolves when the projector has committed the shard's log up to `logId`.
   *
   * @throws OperationalError STATE_UNKNOWN (retriable) after `timeoutMs`
   */
  async passed(shard: number, logId: string, { timeoutMs }: { timeoutMs: number }): Promise<void> {
    const known = this.#known.get(shard)
    if (known !== undefined && compareLogIds(known, logId) >= 0) return
    const waiters = this.#waiters.get(shard) ?? new Set()
    this.#waiters.set(shard, waiters)
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        waiters.delete(waiter)
      }
      const waiter: Waiter = {
        logId,
        resolve: () => {
          end()
          resolve()
        },
      }
      const timer = setTimeout(() => {
        end()
        const detail = `${shardTagOf(shard)} was not projected up to ${logId} in ${timeoutMs} ms`
        reject(new OperationalError('STATE_UNKNOWN', { retriable: true, detail }))
      }, timeoutMs)
      waiters.add(waiter)
      this.#pollSoon()
    })
  }

  /** Ends looking; whoever waits times out. */
  stop(): void {
    this.#isStopped = true
    if (this.#poll) clearTimeout(this.#poll)
    this.#poll = null
  }

  #pollSoon(): void {
    if (this.#isStopped) return
    this.#poll ??= setTimeout(() => void this.#look(), POLL_MS)
  }

  async #look(): Promise<void> {
    const { leads, readPosition } = this.#options
    const wanted = [...this.#waiters.keys()].filter((shard) => this.isWanted(shard))
    const foreign = wanted.filter((shard) => !leads(shard))
    // A reply that is lost is one look less; the waiter's own time limit bounds it.
    const found = await Promise.allSettled(foreign.map((shard) => readPosition({ shard })))
    for (const [at, outcome] of found.entries()) {
      if (outcome.status === 'fulfilled') this.moved(foreign[at] as number, outcome.value)
    }
    this.#poll = null
    if (wanted.some((shard) => this.isWanted(shard))) this.#pollSoon()
  }
}
