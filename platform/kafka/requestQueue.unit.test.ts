import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { createLog } from '../log.ts'
import { stopIdleSpin } from './requestQueue.ts'

const require = createRequire(import.meta.url)
const RequestQueue = require('kafkajs/src/network/requestQueue')
const logger = { debug: () => undefined, warn: () => undefined }

const queueOf = (maxInFlightRequests: number | null) =>
  new RequestQueue({
    logger,
    maxInFlightRequests,
    requestTimeout: 1_000,
    enforceRequestTimeout: false,
  })

/** A request that tells when it was sent and answered. */
function request(correlationId: number, steps: string[]) {
  return {
    entry: {
      correlationId,
      resolve: () => steps.push(`answered ${correlationId}`),
      reject: () => undefined,
    },
    expectResponse: true,
    sendRequest: () => steps.push(`sent ${correlationId}`),
  }
}

describe('the request queue of kafkajs', () => {
  it('arms no timer while nothing is pending', () => {
    stopIdleSpin(createLog('test', 'silent'))
    const queue = queueOf(null)
    const steps: string[] = []
    queue.push(request(1, steps))
    queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 })
    expect(steps).toEqual(['sent 1', 'answered 1'])
    expect(queue.throttleCheckTimeoutId).toBeNull()
  })

  it('still sends what had to wait for an answer', () => {
    stopIdleSpin(createLog('test', 'silent'))
    const queue = queueOf(1)
    const steps: string[] = []
    queue.push(request(1, steps))
    queue.push(request(2, steps))
    expect(steps).toEqual(['sent 1'])
    queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 })
    expect(steps).toEqual(['sent 1', 'sent 2', 'answered 1'])
    queue.destroy()
  })

  it('still sends what the broker has throttled, when the time is up', async () => {
    stopIdleSpin(createLog('test', 'silent'))
    const queue = queueOf(null)
    const steps: string[] = []
    queue.maybeThrottle(20)
    const sent = new Promise<void>((resolve) => {
      const one = request(1, steps)
      queue.push({ ...one, sendRequest: () => resolve() })
    })
    expect(queue.throttleCheckTimeoutId).not.toBeNull()
    await sent
    queue.destroy()
  })
})
