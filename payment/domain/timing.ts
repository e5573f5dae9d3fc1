/** How long payments wait for what comes next, in milliseconds. Pure: the jitter is handed in. */

/**
 * A payment that was just requested is taken up by the process that stored it. When that process
 * died first, the sweep of any other finds the payment after this time. It is longer than
 * LEASE_MS, so that in the usual case a claim need not move the date.
 */
export const HANDOVER_MS = 7_000

/** On top of the longest call: time to write its outcome down before others take the payment up. */
const LEASE_MARGIN_MS = 2_000

/** How long a call's outcome is awaited before anyone may make the call again with the same key. */
export const leaseMsOf = (callMsMax: number): number => callMsMax + LEASE_MARGIN_MS

const REFUSAL_MS_MIN = 250
const REFUSAL_MS_MAX = 2_000
const ASK_AGAIN_MS = 500

/**
 * How long a refused payment waits for its next attempt.
 * @param attempts calls made so far, at least 1
 * @param jitter 0 to 1; the wait is within half and all of its step
 */
export function refusalDelayMs(attempts: number, jitter: number): number {
  const step = Math.min(REFUSAL_MS_MAX, REFUSAL_MS_MIN * 2 ** Math.min(attempts - 1, 16))
  return Math.round(step * (0.5 + jitter / 2))
}

/** How long an unanswered call waits until the same key is asked again; jitter as above. */
export const askAgainDelayMs = (jitter: number): number =>
  Math.round(ASK_AGAIN_MS * (0.5 + jitter / 2))
