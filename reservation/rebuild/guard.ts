/**
 * Opens and shuts the gate. After every (re)connect nothing is open until each shard's log was
 * compared with what SQL has projected of it: a log that ends earlier has lost entries, so its
 * state is not what the world was told, and its epoch is dropped. While connected, the guard looks
 * at the epochs about once a second, and at once when somebody was refused.
 */
import { compareLogIds } from '../../contracts/ids.ts'
import type { RedisClient } from '../../lua/client.ts'
import type { ShardVerbs } from '../../lua/seatVerbs.ts'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Database } from '../../platform/mysql/database.ts'
import { Wake } from '../log/wake.ts'
import { ensurePositions, type Position, raiseFences } from '../projection/positions.ts'
import { watchConnection } from './connectionWatch.ts'
import type { Gate } from './gate.ts'

export interface GuardOptions {
  /** The command connection and those of the tail: losing any of them shuts the gate. */
  clients: readonly RedisClient[]
  scripts: Pick<ShardVerbs, 'readEpoch' | 'readTip' | 'dropEpoch'>
  db: Database
  gate: Gate
  log: Log
  metrics: Metrics
}

/** How often the epochs are looked at while all is well. */
const WATCH_MS = 1_000
/** How often while some shard is shut. */
const ANXIOUS_MS = 100

export class Guard implements Component {
  readonly name = 'guard'
  readonly #options: GuardOptions
  readonly #wake = new Wake()
  readonly #lostEpochs
  /** Counts lost connections, so that a comparison begun before one is void. */
  #losses = 0
  #isCompared = false
  #isFailing = false
  #unwatch: (() => void)[] = []
  #unsubscribe: () => void = () => {}
  #loop: Promise<void> | null = null

  constructor(options: GuardOptions) {
    this.#options = options
    this.#lostEpochs = options.metrics.counter(
      'holdfast_epochs_dropped_total',
      'Shards whose log ended before what SQL had projected of it',
    )
    options.metrics.gauge('holdfast_shards_open', 'Shards that this process may use', {
      collect: (gauge) =>
        gauge.set(this.#shards().filter((one) => options.gate.isOpen(one)).length),
    })
  }

  /** Begins to guard, and has looked once when it resolves. */
  async start(): Promise<void> {
    const { clients, gate, db } = this.#options
    this.#unwatch = clients.map((client) =>
      watchConnection(client, { onLost: () => this.#lost(), onReady: () => this.#wake.call() }),
    )
    this.#unsubscribe = gate.subscribe({ shut: () => this.#wake.call() })
    await ensurePositions(db, gate.shards)
    await this.#look()
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    for (const unwatch of this.#unwatch) unwatch()
    this.#unsubscribe()
    this.#wake.end()
    await this.#loop
    this.#shutAll('unverified')
  }

  /** Looks at the epochs at once. */
  poke(): void {
    this.#wake.call()
  }

  async #run(): Promise<void> {
    while (!this.#wake.isEnded) {
      const isCalm = this.#shards().every((shard) => this.#options.gate.isOpen(shard))
      await this.#wake.sleep(isCalm ? WATCH_MS : ANXIOUS_MS)
      if (!this.#wake.isEnded) await this.#look()
    }
  }

  #lost(): void {
    this.#losses += 1
    this.#isCompared = false
    this.#shutAll('unverified')
  }

  async #look(): Promise<void> {
    const losses = this.#losses
    try {
      if (!this.#isCompared) {
        await this.#compare()
        if (losses !== this.#losses) return
        this.#isCompared = true
      }
      const epochs = await this.#readEpochs()
      if (losses === this.#losses) this.#apply(epochs)
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) {
        this.#options.log.warn({ err: error }, 'the state of the shards cannot be known just now')
      }
      this.#isFailing = true
      this.#shutAll(this.#isCompared ? 'redis_unavailable' : 'unverified')
    }
  }

  /**
   * Compares every log's end with SQL, position first, for it can only follow the log. The fences
   * rise with the same stroke: what any process read from Redis before, and Redis may since have
   * lost, is not projected any more.
   */
  async #compare(): Promise<void> {
    const { db } = this.#options
    if (this.#options.clients.some((client) => client.status !== 'ready')) {
      throw new Error('a connection to Redis is missing')
    }
    const positions = await db.transaction((tx) => raiseFences(tx, this.#shards()))
    await Promise.all(positions.map((position) => this.#compareShard(position)))
  }

  async #compareShard({ shard, logId }: Position): Promise<void> {
    const { scripts, log } = this.#options
    const tip = await scripts.readTip({ shard })
    if (compareLogIds(tip, logId) >= 0) return
    // The script compares again, so that a log that has just been moved on keeps its epoch.
    const outcome = await scripts.dropEpoch({ shard, projectedId: logId })
    if (outcome.type !== 'dropped') return
    this.#lostEpochs.inc()
    log.error({ shard, tip, projected: logId }, 'Redis has lost the end of a log: epoch dropped')
  }

  #readEpochs(): Promise<(string | null)[]> {
    return Promise.all(this.#shards().map((shard) => this.#options.scripts.readEpoch({ shard })))
  }

  #apply(epochs: readonly (string | null)[]): void {
    for (const [shard, epoch] of epochs.entries()) {
      if (epoch === null) this.#options.gate.refuse(shard, 'no_epoch')
      else this.#options.gate.open(shard, epoch)
    }
  }

  #shutAll(reason: 'unverified' | 'redis_unavailable'): void {
    for (const shard of this.#shards()) this.#options.gate.refuse(shard, reason)
  }

  #shards(): number[] {
    return Array.from({ length: this.#options.gate.shards }, (_, shard) => shard)
  }
}
