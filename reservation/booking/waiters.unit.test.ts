import { describe, expect, test } from 'vitest'
import type { LogEntry, ReservationEntry } from '../../lua/logEntry.ts'
import type { Tail } from './ground.ts'
import { Waiters } from './waiters.ts'

const ID = 'r03_00000000000000000000000000'
const OTHER = 'r04_00000000000000000000000000'

/** Waiters on a tail that says what the test makes it say. */
function setUp() {
  let say: (shard: number, entries: readonly LogEntry[]) => void = () => {}
  const tail: Tail = {
    subscribe: (listener) => {
      say = listener
      return () => {}
    },
  }
  const waiters = new Waiters(tail)
  return {
    waiters,
    say: (shard: number, entry: Partial<ReservationEntry> | { type: 'opened' }) =>
      say(shard, [entry as LogEntry]),
  }
}

/** Whether a watch has been woken, seen after everything that was due has run. */
async function isWoken(changed: Promise<void>): Promise<boolean> {
  let woken = false
  void changed.then(() => {
    woken = true
  })
  await new Promise(setImmediate)
  return woken
}

describe('waiters', () => {
  test('are woken when their reservation has settled, and only then', async () => {
    const { waiters, say } = setUp()
    const watch = waiters.watch(ID, 60_000)
    say(3, { type: 'paying', status: 'paying', reservationId: ID })
    say(3, { type: 'extended', status: 'held', reservationId: ID })
    say(4, { type: 'confirmed', status: 'confirmed', reservationId: OTHER })
    expect(await isWoken(watch.changed)).toBe(false)
    say(3, { type: 'confirmed', status: 'confirmed', reservationId: ID })
    expect(await isWoken(watch.changed)).toBe(true)
    watch.end()
  })

  test('are woken when their shard was rebuilt, for then changes may be missing', async () => {
    const { waiters, say } = setUp()
    const watch = waiters.watch(ID, 60_000)
    const other = waiters.watch(OTHER, 60_000)
    say(3, { type: 'opened' })
    expect(await isWoken(watch.changed)).toBe(true)
    expect(await isWoken(other.changed)).toBe(false)
    watch.end()
    other.end()
  })

  test('are all woken when several watch one reservation', async () => {
    const { waiters, say } = setUp()
    const watches = [1, 2, 3].map(() => waiters.watch(ID, 60_000))
    watches[0]?.end()
    say(3, { type: 'expired', status: 'expired', reservationId: ID })
    expect(await isWoken(Promise.all(watches.map((watch) => watch.changed)).then(() => {}))).toBe(
      true,
    )
    for (const watch of watches) watch.end()
    expect(waiters.size).toBe(0)
  })

  test('wait no longer than they said', async () => {
    const { waiters } = setUp()
    const watch = waiters.watch(ID, 5)
    await watch.changed
    watch.end()
    expect(waiters.size).toBe(0)
  })

  test('are sent home at the end, and nobody may wait after that', async () => {
    const { waiters } = setUp()
    const watch = waiters.watch(ID, 60_000)
    expect(waiters.hasRoom).toBe(true)
    waiters.close()
    expect(await isWoken(watch.changed)).toBe(true)
    expect(waiters.hasRoom).toBe(false)
    watch.end()
  })
})
