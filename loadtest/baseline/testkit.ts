/** A baseline for tests, on the run's shared servers, and what the tests ask about it. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  evidenceDir,
  freshDatabasePrefix,
  freshRedisUrl,
  testMysqlUrl,
  uniqueName,
  waitFor,
} from '../../platform/testing/infra.ts'
import { ask } from '../../test/support/client.ts'
import { auditBaseline } from '../audit/baseline.ts'
import type { Variant } from './api.ts'
import { type Baseline, type BaselineOptions, startBaseline } from './launch.ts'

/** Short enough that a test sees the sweep take up what a crash has left. */
const QUICK = { PAYMENT_CALL_MS_MAX: '600', ORDER_LEASE_MS: '2500', MAILS_PER_SECOND_MAX: '1000' }

export async function startTestBaseline(
  variant: Variant,
  options: Pick<BaselineOptions, 'envOf'> = {},
): Promise<Baseline> {
  const dir = join(evidenceDir(), uniqueName(`baseline-${variant}`))
  mkdirSync(dir, { recursive: true })
  const stack = { redis: { url: await freshRedisUrl() }, mariadb: { url: await testMysqlUrl() } }
  const databasePrefix = freshDatabasePrefix()
  return startBaseline({ variant, stack, dir, databasePrefix, env: QUICK, ...options })
}

/** What the provider has done for a reservation. */
export async function moneyOf(baseline: Baseline, reservationId: string) {
  const query = `reservationId=${reservationId}`
  const list = async (kind: 'charges' | 'refunds') => {
    const url = `${baseline.sandboxUrl}/v1/${kind}?${query}`
    return (await ask<Record<string, { status: string }[]>>(url, null)).body[kind] ?? []
  }
  const captures = (await list('charges')).filter(({ status }) => status === 'captured')
  return { captures: captures.length, refunds: (await list('refunds')).length }
}

/** Waits until nothing is under way, and answers what the audit finds. */
export async function findingsAtRest(baseline: Baseline): Promise<string[]> {
  let findings: string[] = []
  await waitFor(
    'a baseline at rest',
    async () => {
      const audit = await auditBaseline(baseline.stores)
      findings = audit.findings
      return findings.every((words) => !words.startsWith('I6'))
    },
    { timeoutMs: 15_000, everyMs: 200 },
  ).catch(() => {
    // The findings say what is left.
  })
  return findings
}
