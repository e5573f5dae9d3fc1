/** What outlives a reload: who the buyer is and which reservations were made, in this browser. */
import type { Session } from '../../contracts/http.ts'

const SESSION = 'holdfast.session'
const RESERVATIONS = 'holdfast.reservations'
const REMEMBERED_MAX = 60
/** A token this close to its end is no good for a purchase. */
const MARGIN_MS = 10 * 60_000

/** Storage may be forbidden or full; then the page forgets at a reload, and works all the same. */
function read<T>(name: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(name) ?? 'null') as T | null
  } catch {
    return null
  }
}

function write(name: string, value: unknown): void {
  try {
    localStorage.setItem(name, JSON.stringify(value))
  } catch {
    // See read().
  }
}

/** The guest of this browser, unless the token ends soon. */
export function rememberedSession(): Session | null {
  const session = read<Session>(SESSION)
  if (!session?.token || !(Date.parse(session.expiresAt) - Date.now() > MARGIN_MS)) return null
  return session
}

/** Somebody new: the former buyer's reservations are not to be read any more. */
export function rememberSession(session: Session): void {
  write(SESSION, session)
  write(RESERVATIONS, {})
}

export const forgetSession = (): void => write(SESSION, null)

type ByShow = Record<string, string[]>

export const rememberedReservations = (showId: string): string[] =>
  read<ByShow>(RESERVATIONS)?.[showId] ?? []

export function rememberReservation(showId: string, reservationId: string): void {
  const all = read<ByShow>(RESERVATIONS) ?? {}
  const known = all[showId] ?? []
  if (known.includes(reservationId)) return
  write(RESERVATIONS, { ...all, [showId]: [...known, reservationId].slice(-REMEMBERED_MAX) })
}

export function forgetReservation(showId: string, reservationId: string): void {
  const all = read<ByShow>(RESERVATIONS) ?? {}
  const left = (all[showId] ?? []).filter((id) => id !== reservationId)
  write(RESERVATIONS, { ...all, [showId]: left })
}
