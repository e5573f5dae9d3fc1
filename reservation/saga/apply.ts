/**
 * The consumer's side of the saga: applies a batch, and returns, so that its offsets are committed,
 * only when SQL has what it did (saga rule F6). A Redis that is lost before that is rebuilt from
 * SQL and from the messages whose offsets were not committed, so no effect is ever missing.
 */
import { compareLogIds, shardOfReservation, shardTagOf } from '../../contracts/ids.ts'
import type { ShardVerbs } from '../../lua/seatVerbs.ts'
import { OperationalError } from '../../platform/errors.ts'
import type { Apply } from '../../platform/kafka/consumer.ts'
import type { Projector } from '../log/projector.ts'
import type { Gate } from '../rebuild/gate.ts'
import type { Effect, SagaHandler } from './handler.ts'
import { asOperational } from './redisFault.ts'

export interface ApplyOptions {
  handler: SagaHandler
  scripts: Pick<ShardVerbs, 'readTip' | 'readEpoch'>
  gate: Gate
  projector: Pick<Projector, 'passed'>
}

/** How long a batch waits for the projector before it is applied again. */
export const PROJECTED_WITHIN_MS = 10_000

/** The Apply of the consumer group `reservation`. */
export function createApply(options: ApplyOptions): Apply {
  const { handler, gate } = options
  return async (messages) => {
    const named = messages.map(({ payload }) => shardOfReservation(payload.reservationId))
    const shards = new Set(named.filter((shard) => shard < gate.shards))
    for (const shard of shards) gate.demand(shard)
    const epochs = new Map([...shards].map((shard) => [shard, gate.epochOf(shard)]))
    // A shard that shuts meanwhile may have lost the effect, even if its log goes on afterwards.
    const watch = watchShuts(gate)
    try {
      const effects = await handler.handle(messages)
      const marks = await marksOf(options, effects)
      await Promise.all([...marks].map((mark) => projected(options, mark, watch)))
      await Promise.all(
        [...marks.keys()].map(async (shard) => {
          await demandEpoch(options, shard, epochs.get(shard))
          watch.demand(shard)
        }),
      )
    } finally {
      watch.end()
    }
  }
}

/**
 * The gate hears of a lost Redis a moment late, and in that moment another process may have begun
 * to rebuild: what passed the projector then need not be what this batch did. So Redis is asked.
 */
async function demandEpoch(
  { scripts }: ApplyOptions,
  shard: number,
  before: string | null | undefined,
): Promise<void> {
  let now: string | null
  try {
    now = await scripts.readEpoch({ shard })
  } catch (error) {
    throw asOperational(error)
  }
  if (now !== null && now === before) return
  const detail = `${shardTagOf(shard)} has another epoch than when its messages were handled`
  throw new OperationalError('STATE_UNKNOWN', { retriable: true, detail })
}

/**
 * By shard, the log id that SQL must have passed: that of the newest effect and, where a message
 * changed nothing, the log's tip, for what made it void may not be projected yet either.
 */
async function marksOf(
  { scripts }: ApplyOptions,
  effects: readonly Effect[],
): Promise<Map<number, string>> {
  const marks = new Map<number, string>()
  const idle = new Set<number>()
  for (const { shard, version } of effects) {
    if (version === null) idle.add(shard)
    else if (compareLogIds(version, marks.get(shard) ?? '0-0') > 0) marks.set(shard, version)
  }
  try {
    for (const [shard, tip] of await Promise.all(
      [...idle].map(async (shard) => [shard, await scripts.readTip({ shard })] as const),
    )) {
      marks.set(shard, tip)
    }
  } catch (error) {
    throw asOperational(error)
  }
  return marks
}

async function projected(
  { projector }: ApplyOptions,
  [shard, mark]: [number, string],
  watch: ShutWatch,
): Promise<void> {
  await Promise.race([
    projector.passed(shard, mark, { timeoutMs: PROJECTED_WITHIN_MS }),
    watch.shut(shard),
  ])
}

interface ShutWatch {
  /** Throws when the shard was shut since the watch began. */
  demand(shard: number): void
  /** Rejects as soon as the shard is shut; else it never settles. */
  shut(shard: number): Promise<never>
  end(): void
}

function watchShuts(gate: Gate): ShutWatch {
  const seen = new Set<number>()
  const rejects = new Map<number, (error: unknown) => void>()
  const fault = (shard: number) => {
    const detail = `${shardTagOf(shard)} was shut before its effects were projected`
    return new OperationalError('STATE_UNKNOWN', { retriable: true, detail })
  }
  const note = (shard: number) => {
    seen.add(shard)
    rejects.get(shard)?.(fault(shard))
  }
  // A rebuild that another process made may be over before we look: then the epoch is a new one.
  const end = gate.subscribe({ shut: note, opened: note })
  return {
    end,
    demand(shard) {
      if (seen.has(shard)) throw fault(shard)
    },
    shut: (shard) =>
      new Promise((_resolve, reject) => {
        if (seen.has(shard)) reject(fault(shard))
        else rejects.set(shard, reject)
      }),
  }
}
