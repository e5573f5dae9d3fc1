/** Rebuilds whatever this process leads and finds without an epoch, one go after the other. */
import { faultOf, RedisUnavailable } from '../../lua/errors.ts'
import { isDependencyDown } from '../../platform/errors.ts'
import type { Component } from '../../platform/lifecycle.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Leases } from '../log/leases.ts'
import { Wake } from '../log/wake.ts'
import type { Gate } from './gate.ts'
import { type RebuildOptions, rebuild } from './rebuild.ts'

export interface RebuilderOptions extends Omit<RebuildOptions, 'token' | 'onFailed'> {
  leases: Leases
  gate: Gate
  /** Looks at the epochs at once. */
  pokeGuard: () => void
  metrics: Metrics
}

const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 3_000

export class Rebuilder implements Component {
  readonly name = 'rebuilder'
  readonly #options: RebuilderOptions
  readonly #wake = new Wake()
  readonly #rebuiltTotal
  readonly #restoredTotal
  readonly #seconds
  #failures = 0
  #unsubscribe: (() => void)[] = []
  #loop: Promise<void> | null = null

  constructor(options: RebuilderOptions) {
    this.#options = options
    const { metrics } = options
    this.#rebuiltTotal = metrics.counter(
      'holdfast_shards_rebuilt_total',
      'Shards that this process has rebuilt or opened for the first time',
    )
    this.#restoredTotal = metrics.counter(
      'holdfast_reservations_restored_total',
      'Reservations that rebuilds wrote back into Redis',
    )
    this.#seconds = metrics.histogram(
      'holdfast_rebuild_seconds',
      'From the begin of a rebuild to the opening of its shards',
    )
  }

  async start(): Promise<void> {
    const { gate, leases } = this.#options
    this.#unsubscribe = [
      gate.subscribe({
        shut: (_shard, reason) => {
          if (reason !== 'no_epoch') return
          // Whatever took the epoch is likely to have taken the leases too.
          leases.poke()
          this.#wake.call()
        },
      }),
      leases.subscribe({ taken: () => this.#wake.call() }),
    ]
    this.#loop = this.#run()
  }

  /** Ends after the rebuild under way, or with its next step that fails. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#wake.end()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#wake.isEnded) {
      const shards = this.#wanting()
      if (shards.length === 0) {
        this.#failures = 0
        await this.#wake.sleep()
      } else {
        await this.#rebuild(shards)
        if (this.#wanting().length > 0) await this.#wake.sleep(this.#retryMs())
      }
    }
  }

  #wanting(): number[] {
    const { leases, gate } = this.#options
    return leases.led().filter((shard) => gate.reasonOf(shard) === 'no_epoch')
  }

  #retryMs(): number {
    this.#failures += 1
    return Math.min(RETRY_MS_MIN * 2 ** (this.#failures - 1), RETRY_MS_MAX)
  }

  async #rebuild(shards: readonly number[]): Promise<void> {
    const { log, leases, pokeGuard } = this.#options
    const startedAtMs = performance.now()
    try {
      const { opened, restored, rehandled } = await rebuild(
        {
          ...this.#options,
          token: leases.token,
          onFailed: (shard, error) => this.#failed([shard], error),
        },
        shards,
      )
      pokeGuard()
      if (opened.length === 0) return
      this.#failures = 0
      const tookMs = Math.round(performance.now() - startedAtMs)
      this.#rebuiltTotal.inc(opened.length)
      this.#restoredTotal.inc(restored)
      this.#seconds.observe(tookMs / 1_000)
      log.info({ opened, restored, rehandled, tookMs }, 'shards are open')
    } catch (error) {
      this.#failed(shards, error)
    }
  }

  #failed(shards: readonly number[], error: unknown): void {
    const { log } = this.#options
    const fault = faultOf(error)
    const isPassing = fault instanceof RedisUnavailable || isDependencyDown(fault)
    if (isPassing) log.info({ err: fault, shards }, 'a rebuild begins again')
    else log.error({ err: fault, shards }, 'shards cannot be rebuilt')
  }
}
