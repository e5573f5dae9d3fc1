/**
 * Whether a shard may be used by this process. The scripts refuse by themselves when the epoch is
 * missing; the gate makes that refusal fast, and covers what no script can see: a Redis that came
 * back with its epoch but without the end of its log. After every (re)connect it stays shut until
 * the guard has compared the logs with SQL.
 */
import { shardTagOf } from '../../contracts/ids.ts'
import { OperationalError } from '../../platform/errors.ts'

/**
 * Why a shard is shut: the connection is new and nothing was compared yet, Redis does not answer,
 * or its state is incomplete and has to be rebuilt.
 */
export type ShutReason = 'unverified' | 'redis_unavailable' | 'no_epoch'

export interface GateListener {
  /** The shard's state is complete and is of this epoch, which may be another than before. */
  opened?(shard: number, epoch: string): void
  shut?(shard: number, reason: ShutReason): void
}

type ShardState = { epoch: string } | { reason: ShutReason }

export class Gate {
  readonly #states: ShardState[]
  readonly #listeners = new Set<GateListener>()

  constructor(shards: number) {
    this.#states = Array.from({ length: shards }, () => ({ reason: 'unverified' }))
  }

  get shards(): number {
    return this.#states.length
  }

  isOpen(shard: number): boolean {
    return 'epoch' in this.#stateOf(shard)
  }

  /** The epoch under which the shard is open; null while it is shut. */
  epochOf(shard: number): string | null {
    const state = this.#stateOf(shard)
    return 'epoch' in state ? state.epoch : null
  }

  /** Why the shard is shut; null while it is open. */
  reasonOf(shard: number): ShutReason | null {
    const state = this.#stateOf(shard)
    return 'reason' in state ? state.reason : null
  }

  /** @throws OperationalError STATE_UNKNOWN, retriable, while the shard is shut. */
  demand(shard: number): void {
    const reason = this.reasonOf(shard)
    if (reason !== null) {
      const detail = `${shardTagOf(shard)} is shut: ${reason}`
      throw new OperationalError('STATE_UNKNOWN', { retriable: true, detail })
    }
  }

  /**
   * Shuts a shard. Whoever gets NO_EPOCH from a script says so here (`no_epoch`); the guard looks
   * at once and opens again if that answer was an old one.
   */
  refuse(shard: number, reason: ShutReason): void {
    if (this.reasonOf(shard) === reason) return
    this.#states[shard] = { reason }
    for (const listener of this.#listeners) listener.shut?.(shard, reason)
  }

  /** The guard's word that the shard is complete. Not for anyone else. */
  open(shard: number, epoch: string): void {
    if (this.epochOf(shard) === epoch) return
    this.#states[shard] = { epoch }
    for (const listener of this.#listeners) listener.opened?.(shard, epoch)
  }

  /** Hears of every opening and shutting; answers how to stop hearing. */
  subscribe(listener: GateListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves true when the shard is open, false when it still is shut after `timeoutMs`. */
  whenOpen(shard: number, { timeoutMs }: { timeoutMs: number }): Promise<boolean> {
    if (this.isOpen(shard)) return Promise.resolve(true)
    return new Promise((resolve) => {
      const end = (isOpen: boolean) => {
        clearTimeout(timer)
        unsubscribe()
        resolve(isOpen)
      }
      const timer = setTimeout(() => end(false), timeoutMs)
      const unsubscribe = this.subscribe({ opened: (opened) => opened === shard && end(true) })
    })
  }

  #stateOf(shard: number): ShardState {
    const state = this.#states[shard]
    if (!state) throw new RangeError(`there is no shard ${shard}`)
    return state
  }
}
