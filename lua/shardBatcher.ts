/**
 * What is asked of one shard in the same turn of the event loop shares one call to Redis, which
 * costs a fraction of as many calls. Who is alone waits for nobody: the call is made when the
 * turn's sockets have been read, or as soon as somebody says so.
 */
import type { Answered, NoEpoch } from './seatVerbs.ts'

interface Pending<Item, Outcome> {
  readonly item: Item
  resolve(outcome: Outcome | NoEpoch): void
  reject(error: unknown): void
}

export interface ShardBatcherOptions<Item, Outcome> {
  /** The verb: answers each item, in their order. */
  call: (shard: number, items: readonly Item[]) => Promise<Answered<Outcome>>
  /** The most items in one call. */
  callMax: number
}

export class ShardBatcher<Item, Outcome> {
  readonly #options: ShardBatcherOptions<Item, Outcome>
  readonly #pending = new Map<number, Pending<Item, Outcome>[]>()

  constructor(options: ShardBatcherOptions<Item, Outcome>) {
    this.#options = options
  }

  /** The outcome of one item, in whatever company. Throws what the call throws. */
  add(shard: number, item: Item): Promise<Outcome | NoEpoch> {
    return new Promise((resolve, reject) => {
      const pending = { item, resolve, reject }
      const waiting = this.#pending.get(shard)
      if (waiting) {
        waiting.push(pending)
      } else {
        this.#pending.set(shard, [pending])
        setImmediate(() => this.send(shard))
      }
      if ((waiting?.length ?? 1) >= this.#options.callMax) this.send(shard)
    })
  }

  /** Makes the call for the shard now, if anybody waits for it. */
  send(shard: number): void {
    const batch = this.#pending.get(shard)
    // A batch that was full, or hurried, has been sent before its turn came.
    if (!batch) return
    this.#pending.delete(shard)
    void this.#send(shard, batch)
  }

  /** Makes all calls now that anybody waits for. */
  sendAll(): void {
    for (const shard of this.#pending.keys()) this.send(shard)
  }

  async #send(shard: number, batch: readonly Pending<Item, Outcome>[]): Promise<void> {
    try {
      const items = batch.map((pending) => pending.item)
      const answer = await this.#options.call(shard, items)
      for (let at = 0; at < batch.length; at++) {
        const outcome = answer.type === 'answered' ? (answer.outcomes[at] as Outcome) : answer
        batch[at]?.resolve(outcome)
      }
    } catch (error) {
      for (const pending of batch) pending.reject(error)
    }
  }
}
