/** Now and then shortens the logs behind the projector, and tells its positions once more. */
import type { ShardVerbs } from '../../lua/seatVerbs.ts'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import type { Gate } from '../rebuild/gate.ts'
import type { Leases } from './leases.ts'
import { Wake } from './wake.ts'

/** What is projected stays in the log this long, for those who resume a feed. */
export const KEPT_MS = 120_000
const EVERY_MS = 10_000

export interface TrimmerOptions {
  scripts: Pick<ShardVerbs, 'setPosition' | 'trimLog'>
  leases: Leases
  gate: Gate
  /** The position known to be in SQL, by shard. */
  positionOf: (shard: number) => string | undefined
  log: Log
}

export class Trimmer implements Component {
  readonly name = 'log trimmer'
  readonly #options: TrimmerOptions
  readonly #wake = new Wake()
  #loop: Promise<void> | null = null

  constructor(options: TrimmerOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#wake.end()
    await this.#loop
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#wake.sleep(EVERY_MS)
      if (this.#wake.isEnded) return
      await this.trim()
    }
  }

  /** Trims every led shard once. Faults are logged: the next time makes up for it. */
  async trim(): Promise<void> {
    const { leases, gate, log } = this.#options
    const shards = leases.led().filter((shard) => gate.isOpen(shard))
    const results = await Promise.allSettled(shards.map((shard) => this.#trimShard(shard)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) log.debug({ err: failed.reason }, 'a log could not be trimmed')
  }

  async #trimShard(shard: number): Promise<void> {
    const { scripts, positionOf } = this.#options
    // A position that could not be told when it was reached is told here.
    const logId = positionOf(shard)
    if (logId !== undefined) await scripts.setPosition({ shard, logId })
    await scripts.trimLog({ shard, keepMs: KEPT_MS })
  }
}
