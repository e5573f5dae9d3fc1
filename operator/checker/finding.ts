/** What the judge finds: a broken invariant of docs/RELIABILITY.md, in words. */
export type Invariant = 'I1' | 'I3' | 'I4' | 'I5' | 'I6' | 'I8'

export interface Finding {
  invariant: Invariant
  reservationId?: string
  words: string
}
