import { commonSpec, integer } from '../platform/config.ts'

/** What the ticket service reads from its environment. */
export const spec = {
  ...commonSpec,
  /** How long a ticket waits for the seat service's word before it is looked at again. */
  waitingRecheckMs: integer('TICKET_WAITING_RECHECK_MS', { default: 5_000, min: 10 }),
  /** How often the sweep asks for tickets whose time to be looked at has come. */
  sweepIntervalMs: integer('TICKET_SWEEP_MS', { default: 1_000, min: 10 }),
}
