/** What an audit of a run says. Every run is audited, whichever system it was and how it ended. */

export interface Audit {
  /** Nothing was found. */
  ok: boolean
  /** What was looked at and what was found, by name. Names that end with `Findings` are faults. */
  counts: Record<string, number>
  /** The first findings, in words. */
  findings: string[]
}

const FINDINGS_TOLD_MAX = 20

export function auditOf(options: {
  counts: Record<string, number>
  findings: readonly { invariant: string; words: string }[]
}): Audit {
  const counts: Record<string, number> = { ...options.counts, findings: options.findings.length }
  for (const { invariant } of options.findings) {
    const name = `${invariant}Findings`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return {
    ok: options.findings.length === 0,
    counts,
    findings: options.findings
      .slice(0, FINDINGS_TOLD_MAX)
      .map(({ invariant, words }) => `${invariant}: ${words}`),
  }
}

/** Several runs' audits as one: counts are added up. */
export function joinAudits(audits: readonly Audit[]): Audit {
  const counts: Record<string, number> = {}
  for (const audit of audits) {
    for (const [name, count] of Object.entries(audit.counts)) {
      counts[name] = (counts[name] ?? 0) + count
    }
  }
  return {
    ok: audits.every((audit) => audit.ok),
    counts,
    findings: audits.flatMap((audit) => audit.findings).slice(0, FINDINGS_TOLD_MAX),
  }
}
