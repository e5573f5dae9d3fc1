import type { Facts, LedgerFact, ProviderFact } from './facts.ts'
import type { Finding } from './finding.ts'

interface Account {
  captures: number
  refunds: number
  balance: number
}

function accountsOf(entries: readonly (LedgerFact | ProviderFact)[]): Map<string, Account> {
  const accounts = new Map<string, Account>()
  for (const { reservationId, kind, amount } of entries) {
    const account = accounts.get(reservationId) ?? { captures: 0, refunds: 0, balance: 0 }
    if (kind === 'capture') account.captures += 1
    else account.refunds += 1
    account.balance += kind === 'capture' ? amount : -amount
    accounts.set(reservationId, account)
  }
  return accounts
}

/** I4 and I6: one capture, one refund, and captured money has become tickets or went back. */
export function judgeMoney(facts: Facts): Finding[] {
  const provider = accountsOf(facts.provider)
  const ledger = accountsOf(facts.ledger)
  const ticketed = new Set<string>()
  for (const { reservationId, isLive, state } of facts.tickets) {
    if (isLive && state === 'confirmed') ticketed.add(reservationId)
  }
  const findings: Finding[] = []
  for (const reservationId of new Set([...provider.keys(), ...ledger.keys(), ...ticketed])) {
    const charged = provider.get(reservationId)
    const booked = ledger.get(reservationId)
    findings.push(
      ...judgeCounts(reservationId, charged),
      ...judgeBooks(reservationId, charged, booked),
      ...judgeWorth(reservationId, charged, ticketed.has(reservationId)),
    )
  }
  return findings
}

function judgeCounts(reservationId: string, charged: Account | undefined): Finding[] {
  const findings: Finding[] = []
  if (charged && charged.captures > 1) {
    const words = `${reservationId} was charged ${charged.captures} times`
    findings.push({ invariant: 'I4', kind: 'charged twice', reservationId, words })
  }
  if (charged && charged.refunds > charged.captures) {
    const words = `${reservationId}: ${charged.refunds} refunds for ${charged.captures} captures`
    findings.push({ invariant: 'I4', kind: 'refunded twice', reservationId, words })
  }
  return findings
}

function judgeBooks(
  reservationId: string,
  charged: Account | undefined,
  booked: Account | undefined,
): Finding[] {
  const agree =
    (charged?.captures ?? 0) === (booked?.captures ?? 0) &&
    (charged?.refunds ?? 0) === (booked?.refunds ?? 0) &&
    (charged?.balance ?? 0) === (booked?.balance ?? 0)
  if (agree) return []
  const say = (account: Account | undefined): string =>
    account ? `${account.captures} captured, ${account.refunds} refunded` : 'nothing'
  const words = `${reservationId}: the provider says ${say(charged)}, our ledger ${say(booked)}`
  return [{ invariant: 'I6', kind: 'ledger and provider differ', reservationId, words }]
}

function judgeWorth(
  reservationId: string,
  charged: Account | undefined,
  isTicketed: boolean,
): Finding[] {
  const balance = charged?.balance ?? 0
  if (isTicketed && balance <= 0) {
    const words = `${reservationId} has tickets but paid nothing`
    return [{ invariant: 'I6', kind: 'tickets without money', reservationId, words }]
  }
  if (!isTicketed && balance !== 0) {
    const words = `captured ${balance.toLocaleString('en')} for ${reservationId}, no ticket, no refund`
    return [{ invariant: 'I6', kind: 'money without tickets', reservationId, words }]
  }
  return []
}
