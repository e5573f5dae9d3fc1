/** Read reservations and tickets, at once or when something has happened. */
import type { Reservation, Ticket } from '../../contracts/http.ts'
import { parseTicketId } from '../../contracts/ids.ts'
import { noSuchReservation } from './change.ts'
import type { Ground } from './ground.ts'
import { done, type Outcome, refused } from './outcome.ts'
import { isSettled } from './view.ts'
import type { Waiters } from './waiters.ts'

export interface FindCommand {
  readonly customerId: string
  readonly reservationId: string
}

export async function find(ground: Ground, command: FindCommand): Promise<Outcome<Reservation>> {
  const record = await ground.read(command.reservationId)
  if (record?.customerId !== command.customerId) return noSuchReservation()
  ground.saw(record.showId, record.version)
  return done(await ground.view(record))
}

export interface WaitCommand extends FindCommand {
  readonly waitMs: number
  /** Calls back when nobody waits for the answer any more. */
  readonly onAborted: (listener: () => void) => void
}

/**
 * Like find, but not before the reservation is neither held nor paying, or `waitMs` are over. A
 * change wakes it, and then the record is read once more.
 */
export async function wait(
  ground: Ground,
  waiters: Waiters,
  command: WaitCommand,
): Promise<Outcome<Reservation>> {
  const endMs = performance.now() + command.waitMs
  let isAborted = false
  let abort = () => {}
  command.onAborted(() => {
    isAborted = true
    abort()
  })
  for (;;) {
    const leftMs = endMs - performance.now()
    // A timer may ring a moment early; that moment is not worth another round.
    if (leftMs < 2 || isAborted || !waiters.hasRoom) return find(ground, command)
    const watch = waiters.watch(command.reservationId, leftMs)
    abort = watch.end
    try {
      const found = await find(ground, command)
      if (found.type === 'refused' || isSettled(found.value)) return found
      await watch.changed
    } finally {
      watch.end()
    }
  }
}

export interface TicketCommand {
  readonly ticketId: string
  readonly customerId: string
  /** May read anybody's ticket. */
  readonly isOperator: boolean
}

/** A ticket by the reservation that its id carries: live once the reservation is confirmed. */
export async function findTicket(ground: Ground, command: TicketCommand): Promise<Outcome<Ticket>> {
  const parsed = parseTicketId(command.ticketId)
  const record = parsed && (await ground.read(parsed.reservationId))
  const ticket = record?.tickets?.find((one) => one.ticketId === command.ticketId)
  if (!record || !ticket) return noSuchTicket()
  if (record.customerId !== command.customerId && !command.isOperator) return noSuchTicket()
  const { showId, reservationId, status } = record
  const { ticketId, seatId } = ticket
  switch (status) {
    case 'confirmed':
      return done({ ticketId, showId, seatId, status: 'live', reservationId })
    case 'refunding':
    case 'refunded':
      return done({ ticketId, showId, seatId, status: 'void', reservationId })
    default:
      return noSuchTicket()
  }
}

const noSuchTicket = () => refused('not-found', 'there is no such ticket of yours')
