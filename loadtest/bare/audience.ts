/**
 * People who look at a map and only count what they are sent. It is a process of its own, so that
 * whoever makes the changes does not wait for two thousand readers.
 */
import { FeedClient } from '../light/feedClient.ts'

const CONNECTING_AT_ONCE = 100

export type AudienceOrder =
  | { type: 'gather'; http: string; showId: string; count: number }
  | { type: 'count' }
  | { type: 'leave' }

export interface Counted {
  type: 'counted'
  /** Text frames that all of them were sent so far. */
  frames: number
  bytes: number
  /** Connections that ended though nobody asked for it. */
  lost: number
  atMs: number
}

export type AudienceAnswer = { type: 'gathered' } | { type: 'left' } | Counted

let people: FeedClient[] = []
let lost = 0
let isLeaving = false

async function gather(order: AudienceOrder & { type: 'gather' }): Promise<void> {
  isLeaving = false
  const onClose = () => {
    if (!isLeaving) lost += 1
  }
  while (people.length < order.count) {
    const wanted = Math.min(CONNECTING_AT_ONCE, order.count - people.length)
    const arriving = Array.from({ length: wanted }, () =>
      FeedClient.subscribe(order.http, order.showId, { onClose }),
    )
    people.push(...(await Promise.all(arriving)))
  }
}

function counted(): Counted {
  const sum = (of: (one: FeedClient) => number) => people.reduce((all, one) => all + of(one), 0)
  const frames = sum((one) => one.frames)
  return { type: 'counted', frames, bytes: sum((one) => one.bytes), lost, atMs: performance.now() }
}

function leave(): void {
  isLeaving = true
  for (const one of people) one.close()
  people = []
}

async function obey(order: AudienceOrder): Promise<AudienceAnswer> {
  switch (order.type) {
    case 'gather':
      await gather(order)
      return { type: 'gathered' }
    case 'count':
      return counted()
    case 'leave':
      leave()
      return { type: 'left' }
  }
}

process.on('message', (order: AudienceOrder) => {
  // A bug ends the process, and its parent hears of that.
  void obey(order).then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit(0))
