/**
 * kafkajs 2.2.4 keeps an idle process busy. Its RequestQueue re-arms the timer that looks for
 * pending requests each time that timer fires, even when nothing is pending, and computes the
 * delay as `throttledUntil - now` with `throttledUntil` = -1, a huge negative number, which
 * setTimeout takes for 1 ms: some 800 wake-ups a second per connection, for nothing.
 *
 * No option turns it off, so one method is replaced at run time: the timer is armed only while
 * something is pending. Nothing else depends on it: `push` arms it when it enqueues a request,
 * and an answer that arrives looks at the queue by itself. The replacement is made only for the
 * version it was written against; another version runs as it comes, with a warning.
 */
import { createRequire } from 'node:module'
import type { Log } from '../log.ts'

const KAFKAJS_VERSION = '2.2.4'
const PENDING_CHECK_MS = 10

/** The members of kafkajs's RequestQueue that the replacement touches. */
interface RequestQueue {
  pending: unknown[]
  /** Epoch milliseconds until which the broker asked us to wait; -1 when it did not. */
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
}

let isDone = false

/** Makes idle Kafka connections quiet, once per process. */
export function stopIdleSpin(log: Log): void {
  if (isDone) return
  isDone = true
  const require = createRequire(import.meta.url)
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== KAFKAJS_VERSION) {
    log.warn({ version, known: KAFKAJS_VERSION }, 'kafkajs changed: its idle timers are kept')
    return
  }
  const queue = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
  queue.prototype.scheduleCheckPendingRequests = scheduleWhilePending
}

function scheduleWhilePending(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId || this.pending.length === 0) return
  const throttledMs = this.throttledUntil - Date.now()
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    },
    throttledMs > 0 ? throttledMs : PENDING_CHECK_MS,
  )
}
