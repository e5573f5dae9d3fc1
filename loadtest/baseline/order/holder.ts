/**
 * Holds, each with a script call of its own; or, in the tuned variant, those of one shard that
 * arrive in the same turn of the event loop with one call together.
 */
import type { SeatScripts } from '../../../lua/seatScripts.ts'
import {
  HOLDS_PER_CALL_MAX,
  type HoldOutcome,
  type HoldRequest,
  type NoEpoch,
} from '../../../lua/seatVerbs.ts'

export type HoldAnswer = HoldOutcome | NoEpoch

interface Pending {
  readonly request: HoldRequest
  resolve(answer: HoldAnswer): void
  reject(error: unknown): void
}

export class Holder {
  readonly #scripts: SeatScripts
  readonly #isBatching: boolean
  readonly #pending = new Map<number, Pending[]>()

  constructor({ scripts, isBatching }: { scripts: SeatScripts; isBatching: boolean }) {
    this.#scripts = scripts
    this.#isBatching = isBatching
  }

  hold(shard: number, request: HoldRequest): Promise<HoldAnswer> {
    return new Promise((resolve, reject) => {
      const pending = { request, resolve, reject }
      if (!this.#isBatching) {
        void this.#send(shard, [pending])
        return
      }
      const waiting = this.#pending.get(shard)
      if (waiting && waiting.length < HOLDS_PER_CALL_MAX) {
        waiting.push(pending)
        return
      }
      const batch = [pending]
      this.#pending.set(shard, batch)
      setImmediate(() => {
        if (this.#pending.get(shard) === batch) this.#pending.delete(shard)
        void this.#send(shard, batch)
      })
    })
  }

  async #send(shard: number, batch: readonly Pending[]): Promise<void> {
    try {
      const requests = batch.map(({ request }) => request)
      const answer = await this.#scripts.holdSeats({ shard, requests })
      for (const [at, { resolve }] of batch.entries()) {
        resolve(answer.type === 'no_epoch' ? answer : (answer.outcomes[at] as HoldOutcome))
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}
