/** The guest of this browser, made when it is first needed. */
import type { Session } from '../../contracts/http.ts'
import { forgetSession, rememberedSession, rememberSession } from '../booking/remembered.ts'

/** Thrown when the server makes no guests: buyers would bring a token from elsewhere. */
export class NoGuests extends Error {}

let asking: Promise<Session> | null = null

/** @throws NoGuests, or Error when the server cannot be reached */
export function guestSession(): Promise<Session> {
  const known = rememberedSession()
  if (known) return Promise.resolve(known)
  asking ??= inTurn(askForSession).finally(() => {
    asking = null
  })
  return asking
}

/**
 * One tab after the other, so that all tabs of a browser are one buyer. Where there are no locks (a
 * page that did not come over HTTPS) the first answer counts, which leaves out all but an instant.
 */
async function inTurn(ask: () => Promise<Session>): Promise<Session> {
  const locks = navigator.locks as LockManager | undefined
  return locks ? await locks.request('holdfast.session', ask) : ask()
}

async function askForSession(): Promise<Session> {
  const before = rememberedSession()
  if (before) return before
  const response = await fetch('/v1/sessions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  if (response.status === 404) throw new NoGuests()
  if (!response.ok) throw new Error(`no session: ${response.status}`)
  const session = (await response.json()) as Session
  const first = rememberedSession()
  if (first) return first
  rememberSession(session)
  return session
}

/** The server took the token no longer. */
export const leaveSession = (): void => forgetSession()
