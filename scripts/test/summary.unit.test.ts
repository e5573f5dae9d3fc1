import { describe, expect, it } from 'vitest'
import { summarize, summaryLine, type VitestReport } from './summary.ts'

const good: VitestReport = {
  success: true,
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 1,
  testResults: [{ status: 'passed', assertionResults: [{ status: 'passed' }] }],
}

describe('the last line of a test run', () => {
  it('adds what was skipped and what is still to do', () => {
    expect(summaryLine(summarize(good, 0))).toBe('3 passed, 0 failed, 2 skipped')
  })

  it('counts a file that could not be loaded as a failure', () => {
    const testResults = [...good.testResults, { status: 'failed', assertionResults: [] }]
    expect(summarize({ ...good, success: false, testResults }, 1).failed).toBe(1)
  })

  it('counts a file once whose failed tests are counted', () => {
    const testResults = [{ status: 'failed', assertionResults: [{ status: 'failed' }] }]
    const report = { ...good, success: false, numFailedTests: 1, testResults }
    expect(summarize(report, 1).failed).toBe(1)
  })

  it('never says that nothing failed when the run says that it did', () => {
    expect(summarize({ ...good, success: false }, 0).failed).toBe(1)
    expect(summarize(good, 1).failed).toBe(1)
    expect(summarize(good, null).failed).toBe(1)
    expect(summarize(null, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})
