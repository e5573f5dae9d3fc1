/**
 * Sees to it that the tail follows a log that was lost and began anew. Its ids grow with Redis's
 * clock, so as a rule they come after what the tail has read; if that clock was set back meanwhile
 * they do not, and the tail would wait for the clock to catch up.
 */
import { compareLogIds } from '../../contracts/ids.ts'
import type { Gate } from '../rebuild/gate.ts'
import type { LogTail } from './tail.ts'

/** Follows the epochs from now on; answers how to stop. */
export function followEpochs(
  gate: Pick<Gate, 'subscribe'>,
  tail: Pick<LogTail, 'subscribe' | 'positionOf' | 'rewind'>,
): () => void {
  const known = new Map<number, string>()
  const unsubscribe = [
    tail.subscribe((shard, entries) => {
      for (const entry of entries) if (entry.type === 'opened') known.set(shard, entry.epoch)
    }),
    gate.subscribe({
      opened(shard, epoch) {
        const before = known.get(shard)
        known.set(shard, epoch)
        if (before === undefined || before === epoch) return
        if (compareLogIds(tail.positionOf(shard), epoch) > 0) tail.rewind(shard, beforeId(epoch))
      },
    }),
  ]
  return () => {
    for (const one of unsubscribe) one()
  }
}

/** The greatest log id that is smaller. */
function beforeId(logId: string): string {
  const [ms, number] = logId.split('-').map(Number) as [number, number]
  return number > 0 ? `${ms}-${number - 1}` : `${ms - 1}-${Number.MAX_SAFE_INTEGER}`
}
