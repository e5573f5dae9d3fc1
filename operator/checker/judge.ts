/**
 * Judges a quiet system: what disagrees, in words. Each finding names the invariant of
 * docs/RELIABILITY.md that it breaks. Pure: facts in, findings out.
 */
import { compareLogIds } from '../../contracts/ids.ts'
import type { Facts } from './facts.ts'
import type { Finding } from './finding.ts'
import { judgeMessages } from './judgeMessages.ts'
import { judgeMoney } from './judgeMoney.ts'
import { judgeSeats } from './judgeSeats.ts'

/** Everything that is wrong in the facts; an empty list means that all invariants hold. */
export function judge(facts: Facts): Finding[] {
  return [
    ...judgeShards(facts),
    ...judgeTickets(facts),
    ...judgeSeats(facts),
    ...judgeMoney(facts),
    ...judgeMessages(facts),
    ...judgeEnds(facts),
  ]
}

function judgeShards({ shards }: Facts): Finding[] {
  const findings: Finding[] = []
  for (const { shard, isOpen, logTip, projected } of shards) {
    if (!isOpen)
      findings.push({
        ...{ invariant: 'I6', kind: 'shard closed', subject: `${shard}` },
        words: `shard ${shard} is closed: its seats can be neither held nor sold`,
      })
    if (compareLogIds(projected, logTip) < 0) {
      const words = `shard ${shard}: the projector is at ${projected}, the log at ${logTip}`
      findings.push({ invariant: 'I3', kind: 'projector behind', subject: `${shard}`, words })
    }
  }
  return findings
}

function judgeTickets({ tickets }: Facts): Finding[] {
  const findings: Finding[] = []
  const liveBySeat = new Map<string, string>()
  for (const { ticketId, reservationId, showId, seatId, isLive } of tickets) {
    if (!isLive) continue
    const seat = `${showId} ${seatId}`
    const other = liveBySeat.get(seat)
    if (other) {
      const words = `seat ${seat} has two live tickets: ${other} and ${ticketId}`
      findings.push({ invariant: 'I1', kind: 'two live tickets', reservationId, words })
    }
    liveBySeat.set(seat, ticketId)
  }
  return findings
}

const UNFINISHED: Record<string, ReadonlySet<string>> = {
  reservation: new Set(['refunding']),
  payment: new Set(['requested', 'charging', 'refunding']),
  ticket: new Set(['waiting', 'issued']),
  notification: new Set(['queued', 'sending']),
}

/** A quiet system has no saga that is under way. */
function judgeEnds({ services, records, nowMs }: Facts): Finding[] {
  const findings: Finding[] = []
  for (const { service, reservationId, state } of services) {
    if (!UNFINISHED[service]?.has(state)) continue
    const words = `${reservationId} is still ${state} at ${service}`
    findings.push({ invariant: 'I6', kind: 'unfinished', reservationId, subject: service, words })
  }
  for (const { reservationId, status, deadlineMs } of records) {
    if (status === 'paying') {
      const words = `${reservationId} is still paying`
      findings.push({ invariant: 'I6', kind: 'unfinished', reservationId, subject: 'redis', words })
    }
    if ((status === 'held' || status === 'paying') && nowMs - deadlineMs > 2_000) {
      const words = `${reservationId} is ${status}, ${nowMs - deadlineMs} ms after its deadline`
      findings.push({ invariant: 'I8', kind: 'overdue', reservationId, words })
    }
  }
  return findings
}
