/** The parts of vitest's JSON report that are read here. */
export interface VitestReport {
  success: boolean
  numPassedTests: number
  numFailedTests: number
  /** Skipped, or never reached. */
  numPendingTests: number
  numTodoTests: number
  testResults: readonly { status: string; assertionResults: readonly { status: string }[] }[]
}

export interface Summary {
  passed: number
  failed: number
  skipped: number
}

/**
 * Counts a run honestly: a file that could not even be loaded is one failure, and so is a run that
 * says it failed (an unhandled error, a broken set-up) without naming a test. No report at all,
 * null, is one failure too.
 */
export function summarize(report: VitestReport | null, status: number | null): Summary {
  if (report === null) return { passed: 0, failed: 1, skipped: 0 }
  const brokenFiles = report.testResults.filter(
    ({ status: outcome, assertionResults }) =>
      outcome === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length
  const named = report.numFailedTests + brokenFiles
  const hasFailed = !report.success || status !== 0
  return {
    passed: report.numPassedTests,
    failed: hasFailed ? Math.max(named, 1) : named,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

export const summaryLine = ({ passed, failed, skipped }: Summary): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`
