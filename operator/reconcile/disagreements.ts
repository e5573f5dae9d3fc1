/**
 * Which findings of the checker are disagreements, and not just work under way: on a running
 * system the stores differ for a moment about whatever is in motion. Pure.
 */
import type { Facts } from '../checker/facts.ts'
import type { Finding } from '../checker/finding.ts'

/** What is wrong with one reservation; or, without one, with the system. */
export interface Disagreement {
  reservationId: string | null
  findings: Finding[]
  /** When any service last changed anything about it; null when none has. */
  changedAtMs: number | null
}

const keyOf = ({ kind, reservationId = '', subject = '' }: Finding): string =>
  `${kind} ${reservationId} ${subject}`

/**
 * The findings that were there at both looks and are not of a reservation that changed within
 * `graceMs`, by reservation.
 */
export function disagreementsIn(
  looks: readonly { facts: Facts; findings: readonly Finding[] }[],
  graceMs: number,
): Disagreement[] {
  const last = looks.at(-1)
  if (!last) return []
  const { facts } = last
  const earlier = looks.slice(0, -1).map(({ findings }) => new Set(findings.map(keyOf)))
  const lasting = last.findings.filter((finding) =>
    earlier.every((keys) => keys.has(keyOf(finding))),
  )
  const changes = changesIn(facts)
  const deadlines = new Map(facts.records.map((one) => [one.reservationId, one.deadlineMs]))
  const found = new Map<string, Disagreement>()
  for (const finding of lasting) {
    const reservationId = finding.reservationId ?? null
    const changedAtMs = reservationId === null ? null : (changes.get(reservationId) ?? null)
    if (changedAtMs !== null && facts.nowMs - changedAtMs < graceMs) continue
    // A buyer may take the whole payment window: only what else is wrong counts until then.
    const isPaying = finding.kind === 'unfinished' && finding.subject === 'redis'
    if (isPaying && facts.nowMs < (deadlines.get(reservationId ?? '') ?? 0)) continue
    const name = reservationId ?? keyOf(finding)
    const known = found.get(name)
    if (known) known.findings.push(finding)
    else found.set(name, { reservationId, findings: [finding], changedAtMs })
  }
  return [...found.values()]
}

/** When each reservation last changed anywhere, by the clocks of the stores. */
function changesIn({ services, records }: Facts): Map<string, number> {
  const changes = new Map<string, number>()
  const note = (reservationId: string, atMs: number): void => {
    changes.set(reservationId, Math.max(changes.get(reservationId) ?? 0, atMs))
  }
  for (const { reservationId, changedAtMs } of services) {
    if (changedAtMs !== undefined) note(reservationId, changedAtMs)
  }
  for (const { reservationId, changedAtMs } of records) {
    if (changedAtMs !== undefined) note(reservationId, changedAtMs)
  }
  return changes
}
