/** A word to the buyer about something that has just happened; web/words says it. */
export type Notice =
  | { type: 'held'; seatIds: readonly string[] }
  | { type: 'released'; seatIds: readonly string[] }
  | { type: 'extended' }
  | { type: 'extended-to-the-end' }
  | { type: 'time-left'; seconds: number }
  /** Of the seats that were wanted, these are not free. */
  | { type: 'taken'; seatIds: readonly string[] }
  /** A seat was pressed that the map had as not free. */
  | { type: 'not-free'; seatId: string; state: 1 | 2 | 3 }
  | { type: 'none-together'; count: number }
  /** Several seats are one hold and go together. */
  | { type: 'held-together'; seatIds: readonly string[] }
  | { type: 'ran-out'; seatIds: readonly string[] }
  | { type: 'limit'; max: number; have: number }
  | { type: 'too-many'; max: number }
  | { type: 'not-now' }
  | { type: 'unanswered' }
  | { type: 'processing' }
  | { type: 'confirmed'; count: number }
  | { type: 'not-bought' }
  | { type: 'connection'; isLost: boolean }

/** Those that only a screen reader needs, for everybody else sees them happen. */
const SPOKEN: ReadonlySet<Notice['type']> = new Set([
  ...['held', 'released', 'extended', 'processing', 'confirmed', 'not-bought', 'connection'],
] as Notice['type'][])

export const isSpokenOnly = ({ type }: Notice): boolean => SPOKEN.has(type)
