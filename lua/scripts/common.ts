/** Readers of outcomes that several scripts have. */
import { RESERVATION_STATUSES, type ReservationStatus } from '../record.ts'

export const NO_EPOCH = () => ({ type: 'no_epoch' }) as const
export const NOT_LEADER = () => ({ type: 'not_leader' }) as const
export const MISSING = () => ({ type: 'missing' }) as const
export const OPEN = ([epoch = '']: string[]) => ({ type: 'open', epoch }) as const

/** The status that a script named. Throws TypeError for one that does not exist. */
export function statusOf(text: string | undefined): ReservationStatus {
  const status = RESERVATION_STATUSES.find((known) => known === text)
  if (!status) throw new TypeError(`unknown status ${text}`)
  return status
}
