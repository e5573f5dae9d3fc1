import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../../platform/testing/infra.ts'
import { type Edge, startEdge } from '../testing/edge.ts'
import { tap } from '../testing/feedTap.ts'
import { startRelay } from '../testing/relay.ts'

let edge: Edge
beforeAll(async () => {
  // The shortest that uWebSockets.js knows.
  edge = await startEdge({ feed: { idleTimeoutS: 8 } })
})
afterAll(() => edge.stop())

describe('a connection whose other end is gone without a word', () => {
  it('is noticed by the ping that it does not answer', async () => {
    const relay = await startRelay(edge.url)
    const one = await tap(relay)
    await one.ask({ op: 'ping' }, 'pong')
    relay.hold()
    const hasEnded = async () =>
      /^holdfast_feed_closes_total\{code="1006"\} 1$/m.test(await edge.metrics.registry.metrics())
    await waitFor('the server to give it up', hasEnded, { timeoutMs: 20_000, everyMs: 100 })
    expect(await edge.metrics.registry.metrics()).toMatch(/^holdfast_feed_connections 0$/m)
    await relay.stop()
  })
})
