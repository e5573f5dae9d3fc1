import type { Facts, RecordFact } from './facts.ts'
import type { Finding } from './finding.ts'

const seatKey = (showId: string, index: number): string => `${showId}/${index}`

/** I5: seats, records, buyers' counts and tickets tell the same story. */
export function judgeSeats(facts: Facts): Finding[] {
  const owners = new Map(facts.seats.map((seat) => [seatKey(seat.showId, seat.index), seat.owner]))
  return [
    ...judgeOwners(facts),
    ...facts.records.flatMap((record) => judgeRecord(record, owners)),
    ...judgeProjection(facts),
    ...judgeBuyers(facts),
    ...judgeAgainstTickets(facts),
  ]
}

const MARKS: Record<string, { mark: string; isRequired: boolean }> = {
  held: { mark: 'h', isRequired: true },
  paying: { mark: 'h', isRequired: true },
  confirmed: { mark: 's', isRequired: true },
  refunding: { mark: 's', isRequired: false },
}

/** Every seat that is not free belongs to a record that claims it, with the right mark. */
function judgeOwners({ seats, records, shows }: Facts): Finding[] {
  const findings: Finding[] = []
  const byId = new Map(records.map((record) => [record.reservationId, record]))
  const totals = new Map(shows.map(({ showId, seatIds }) => [showId, seatIds.length]))
  for (const { showId, index, owner } of seats) {
    if (index >= (totals.get(showId) ?? 0)) {
      findings.push({
        ...{ invariant: 'I5', kind: 'owner without seat', subject: seatKey(showId, index) },
        words: `show ${showId} has no seat ${index}: ${owner}`,
      })
    }
    if (owner.startsWith('b')) continue
    const reservationId = owner.slice(1)
    const record = byId.get(reservationId)
    if (MARKS[record?.status ?? '']?.mark === owner[0] && record?.seats.includes(index)) continue
    const words = `seat ${showId}/${index} is ${owner}, but that record is ${record?.status ?? 'missing'}`
    const subject = seatKey(showId, index)
    findings.push({ invariant: 'I5', kind: 'seat without owner', reservationId, subject, words })
  }
  return findings
}

function judgeRecord(record: RecordFact, owners: ReadonlyMap<string, string>): Finding[] {
  const { reservationId, showId, status, seats } = record
  const rule = MARKS[status]
  if (!rule?.isRequired) return []
  const astray = seats.filter(
    (index) => owners.get(seatKey(showId, index)) !== `${rule.mark}${reservationId}`,
  )
  if (astray.length === 0) return []
  const words = `${reservationId} is ${status} but does not own its seats ${astray.join(', ')}`
  return [{ invariant: 'I5', kind: 'owner without seat', reservationId, words }]
}

/** SQL knows the same state of each reservation as Redis, for every one that both know. */
function judgeProjection({ records, services }: Facts): Finding[] {
  const statuses = new Map(records.map(({ reservationId, status }) => [reservationId, status]))
  return services
    .filter(({ service }) => service === 'reservation')
    .flatMap(({ reservationId, state }): Finding[] => {
      const status = statuses.get(reservationId)
      if (status === undefined || status === state) return []
      const words = `${reservationId} is ${status} in Redis and ${state} in SQL`
      return [{ invariant: 'I5', kind: 'Redis and SQL differ', reservationId, words }]
    })
}

/** The buyer limit counts exactly the seats that a customer's reservations own. */
function judgeBuyers({ seats, records, buyers }: Facts): Finding[] {
  const customers = new Map(
    records.map(({ reservationId, customerId }) => [reservationId, customerId]),
  )
  const counts = new Map<string, number>()
  for (const { showId, owner } of seats) {
    const customer = customers.get(owner.slice(1))
    if (owner.startsWith('b') || customer === undefined) continue
    const key = `${showId}/${customer}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const findings: Finding[] = []
  for (const key of new Set([...counts.keys(), ...buyers.keys()])) {
    const owned = counts.get(key) ?? 0
    const counted = buyers.get(key) ?? 0
    if (owned === counted) continue
    findings.push({
      invariant: 'I5',
      kind: 'wrong count of a buyer',
      subject: key,
      words: `${key} owns ${owned} seats, the limit counts ${counted}`,
    })
  }
  return findings
}

/** A seat is sold in Redis exactly when SQL has a live, confirmed ticket of the same reservation. */
function judgeAgainstTickets({ seats, shows, tickets }: Facts): Finding[] {
  const findings: Finding[] = []
  const seatIds = new Map(shows.map((show) => [show.showId, show.seatIds]))
  const sold = new Map<string, string>()
  for (const { showId, index, owner } of seats) {
    const seatId = seatIds.get(showId)?.[index]
    if (owner.startsWith('s') && seatId) sold.set(`${showId} ${seatId}`, owner.slice(1))
  }
  for (const { showId, seatId, reservationId, isLive, state } of tickets) {
    if (!isLive) continue
    const key = `${showId} ${seatId}`
    const owner = sold.get(key)
    sold.delete(key)
    if (owner === reservationId && state === 'confirmed') continue
    const words = `${key}: ${state} ticket of ${reservationId}, sold in Redis to ${owner ?? 'nobody'}`
    findings.push({
      ...{ invariant: 'I5', kind: 'seat and ticket differ', reservationId, subject: key },
      words,
    })
  }
  for (const [key, reservationId] of sold) {
    const words = `${key} is sold to ${reservationId}, which has no live ticket for it`
    findings.push({
      ...{ invariant: 'I5', kind: 'seat and ticket differ', reservationId, subject: key },
      words,
    })
  }
  return findings
}
