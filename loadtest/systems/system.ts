/** What the measurements see of a system, whichever architecture it has. */
import type { RunningServer } from '../../platform/infra/server.ts'
import type { Audit } from '../audit/audit.ts'
import type { NamedProcess } from './cpu.ts'
import type { OrderBooks } from './orderBooks.ts'
import type { Stage } from './stage.ts'

export const SYSTEM_NAMES = ['holdfast', 'tuned', 'idiomatic'] as const
/** Holdfast, and the two variants of the synchronous baseline. */
export type SystemName = (typeof SYSTEM_NAMES)[number]

export interface StartOptions {
  signal: AbortSignal
  /** What the services inherit: PATH and what else a program needs. */
  environment: Readonly<Record<string, string>>
}

export interface SystemUnderTest {
  readonly name: SystemName
  /** Base URL of the one HTTP entry, without a trailing slash. */
  readonly http: string
  readonly sandboxUrl: string
  readonly adminToken: string
  /** Whether a checkout is answered before the order is completed. */
  readonly isAsynchronous: boolean
  readonly stage: Stage
  /** The processes of the system beside its servers; `payment` is in every one. */
  readonly services: Readonly<Record<string, RunningServer>>
  readonly books: OrderBooks
  /** Asks every store of a system at rest whether anything is wrong. */
  audit(): Promise<Audit>
  stop(): Promise<void>
}

/** Every server process that runs now, brokers and databases included. */
export const processesOf = ({ stage, services }: SystemUnderTest): NamedProcess[] =>
  [...Object.values(stage.servers), ...Object.values(services)].map(({ name, pid }) => ({
    name,
    pid,
  }))
