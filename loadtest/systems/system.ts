/** What the measurements see of a system, whichever architecture it has. */
import type { NamedProcess } from './cpu.ts'

export const SYSTEM_NAMES = ['holdfast', 'tuned', 'idiomatic'] as const
/** Holdfast, and the two variants of the synchronous baseline. */
export type SystemName = (typeof SYSTEM_NAMES)[number]

/** When orders were completed: paid for, ticketed, and their notice written. */
export interface Completions {
  /** Orders whose last step fell into the window. */
  orders: number
  /** Seats of those orders. */
  seats: number
}

/** Half-open, in milliseconds since 1970. */
export interface TimeWindow {
  fromMs: number
  untilMs: number
}

export interface SystemUnderTest {
  readonly name: SystemName
  /** Base URL of the one HTTP entry, without a trailing slash. */
  readonly http: string
  readonly sandboxUrl: string
  readonly adminToken: string
  /** Whether a checkout is answered before the order is completed. */
  readonly isAsynchronous: boolean
  /** Every server process that runs now, brokers and databases included. */
  processes(): readonly NamedProcess[]
  /** What the stores say, once the system has come to rest. */
  completions(window: TimeWindow): Promise<Completions>
  /** Resolves when nothing is under way any more. Throws after `withinMs`. */
  rest(options: { withinMs: number }): Promise<void>
  stop(): Promise<void>
}
