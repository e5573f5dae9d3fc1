/** What goes over the wire, as far as the SDK sends and reads it. */
import type { Problem, Reservation } from './types.ts'

export type ClientFrame =
  | { op: 'ping' }
  | { op: 'subscribe'; showId: string; since?: string }
  | { op: 'unsubscribe'; showId: string }
  | CommandFrame

export type CommandFrame =
  | { op: 'hold'; id: string; showId: string; seatIds: readonly string[] }
  | { op: 'release' | 'extend' | 'find'; id: string; reservationId: string }
  | {
      op: 'checkout'
      id: string
      reservationId: string
      payment: { token: string }
      contact?: { email: string; locale?: string }
    }

/** An answer to a command has its `id`; what the server says by itself has none. */
export type ServerFrame =
  | { op: 'pong'; now: string }
  | { op: 'snapshot'; showId: string; version: string; states: string }
  | { op: 'resumed'; showId: string; version: string }
  | { op: 'unsubscribed'; showId: string }
  | {
      op: 'delta'
      showId: string
      prev: string
      version: string
      changes: [index: number, state: number][]
    }
  | { op: 'reservation'; id?: string; reservation: Reservation; now?: string }
  | { op: 'error'; id?: string; showId?: string; problem: Problem; now?: string }

/** Of the frames that answer a command. */
export type AnswerFrame = Extract<ServerFrame, { op: 'reservation' | 'error' }> & { id: string }

/** Of the frames that tell of a show's map. */
export type MapFrame = Extract<
  ServerFrame,
  { op: 'snapshot' | 'resumed' | 'unsubscribed' | 'delta' | 'error' }
>
