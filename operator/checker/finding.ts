/** What the judge finds: a broken invariant of docs/RELIABILITY.md, in words. */
export type Invariant = 'I1' | 'I3' | 'I4' | 'I5' | 'I6' | 'I8'

/** What kind of disagreement it is; docs/OPERATIONS.md has a section for each. */
export const FINDING_KINDS = [
  'shard closed',
  'projector behind',
  'group behind',
  'not published',
  'lost from Kafka',
  'not handled',
  'two live tickets',
  'seat without owner',
  'owner without seat',
  'Redis and SQL differ',
  'wrong count of a buyer',
  'seat and ticket differ',
  'charged twice',
  'refunded twice',
  'ledger and provider differ',
  'tickets without money',
  'money without tickets',
  'unfinished',
  'overdue',
  'expired twice',
] as const
export type FindingKind = (typeof FINDING_KINDS)[number]

export interface Finding {
  invariant: Invariant
  kind: FindingKind
  reservationId?: string
  /** Tells findings of one kind apart that are about no reservation; stays as it is over time. */
  subject?: string
  words: string
}
