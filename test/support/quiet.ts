import { expect } from 'vitest'
import type { Facts } from '../../operator/checker/facts.ts'
import type { Finding } from '../../operator/checker/finding.ts'
import { gather, type Stores } from '../../operator/checker/gather.ts'
import { judge } from '../../operator/checker/judge.ts'
import { createLog } from '../../platform/log.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import type { System } from './system.ts'

/** The longest a healthy system takes until every saga has ended. */
const QUIET_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 500

export const storesOf = (system: System): Stores => ({
  redisUrl: system.infra.redisUrl,
  redisShards: 16,
  mysqlUrl: system.infra.mysqlUrl,
  databasePrefix: system.databasePrefix,
  kafkaBrokers: system.infra.kafkaBrokers,
  sandboxUrl: system.sandboxUrl,
  log: createLog('checker', 'silent'),
})

/**
 * Waits until the checker finds nothing wrong in any store, and answers the facts it saw then.
 * Fails with the findings that are left after `withinMs`.
 */
export async function expectHealthy(
  system: System,
  { withinMs = QUIET_WITHIN_MS }: { withinMs?: number } = {},
): Promise<Facts> {
  let findings: Finding[] = []
  let facts: Facts | null = null
  const look = async (): Promise<boolean> => {
    facts = await gather(storesOf(system))
    findings = judge(facts)
    return findings.length === 0
  }
  await waitFor('a quiet system', look, { timeoutMs: withinMs, everyMs: LOOK_EVERY_MS }).catch(
    (error: Error) => {
      if (findings.length === 0) throw error
    },
  )
  expect(findings).toEqual([])
  return facts as unknown as Facts
}
