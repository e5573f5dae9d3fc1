/** One second of an outage: what was promised, what was kept, and what buyers were refused. */
export interface SecondFigures {
  accepted: number
  completed: number
  failed: number
}

/** A backlog that is this many times the greatest of the healthy time is no longer usual. */
const USUAL_BACKLOG_TIMES = 2

/**
 * Seconds from the repair until the system is as it was: nobody is shown an error and no more
 * orders are promised but not yet completed than twice the most of the healthy time. Null when
 * that did not happen.
 */
export function recoverySOf(
  bySecond: readonly SecondFigures[],
  { healthyUntilS, healedAtS }: { healthyUntilS: number; healedAtS: number },
): number | null {
  let backlog = 0
  let usualMax = 0
  for (const [second, { accepted, completed, failed }] of bySecond.entries()) {
    backlog += accepted - completed
    if (second < healthyUntilS) usualMax = Math.max(usualMax, backlog)
    const isUsual = backlog <= USUAL_BACKLOG_TIMES * usualMax && failed === 0
    if (second >= healedAtS && isUsual) return second - healedAtS
  }
  return null
}
