/**
 * Requests for one shard that arrive in the same turn of the event loop share one call to Redis,
 * which costs a fraction of as many calls. A request that is alone waits for nobody: the call is
 * made when the turn's sockets have been read.
 */
import type { HoldOutcome, HoldRequest, NoEpoch, SeatVerbs } from '../../lua/seatVerbs.ts'
import { HOLDS_PER_CALL_MAX } from '../../lua/seatVerbs.ts'

export type HoldAnswer = HoldOutcome | NoEpoch

interface Pending {
  readonly request: HoldRequest
  resolve(answer: HoldAnswer): void
  reject(error: unknown): void
}

export class HoldBatcher {
  readonly #scripts: Pick<SeatVerbs, 'holdSeats'>
  readonly #onBatch: (size: number) => void
  readonly #pending = new Map<number, Pending[]>()

  /** @param options.onBatch told the size of every call */
  constructor(options: {
    scripts: Pick<SeatVerbs, 'holdSeats'>
    onBatch: (size: number) => void
  }) {
    this.#scripts = options.scripts
    this.#onBatch = options.onBatch
  }

  /** One hold, in whatever company. Throws RedisUnavailable. */
  hold(shard: number, request: HoldRequest): Promise<HoldAnswer> {
    return new Promise((resolve, reject) => {
      const pending = { request, resolve, reject }
      const waiting = this.#pending.get(shard)
      if (!waiting) {
        this.#pending.set(shard, [pending])
        setImmediate(() => this.#flush(shard))
        return
      }
      waiting.push(pending)
      if (waiting.length === HOLDS_PER_CALL_MAX) this.#flush(shard)
    })
  }

  #flush(shard: number): void {
    const batch = this.#pending.get(shard)
    // A full batch has been sent before its turn came.
    if (!batch) return
    this.#pending.delete(shard)
    void this.#send(shard, batch)
  }

  async #send(shard: number, batch: readonly Pending[]): Promise<void> {
    this.#onBatch(batch.length)
    try {
      const requests = batch.map((pending) => pending.request)
      const answer = await this.#scripts.holdSeats({ shard, requests })
      for (const [at, pending] of batch.entries()) {
        if (answer.type === 'no_epoch') pending.resolve(answer)
        else pending.resolve(answer.outcomes[at] as HoldOutcome)
      }
    } catch (error) {
      for (const pending of batch) pending.reject(error)
    }
  }
}
