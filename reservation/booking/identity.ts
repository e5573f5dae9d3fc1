/**
 * How requests become ids and fingerprints. The parts are joined by a line feed, which no part can
 * contain, so that no two different requests read the same.
 */
import { hash } from 'node:crypto'
import { reservationIdOf } from '../../contracts/ids.ts'
import type { Contact } from '../../contracts/payloads.ts'

const digestOf = (...parts: readonly string[]): Buffer =>
  Buffer.from(hash('sha256', parts.join('\n'), 'hex'), 'hex')

/** 22 characters: 128 bits of a fingerprint are enough to tell two bodies of one key apart. */
const fingerprintOf = (...parts: readonly string[]): string =>
  hash('sha256', parts.join('\n'), 'base64url').slice(0, 22)

/** The id of the reservation that a customer asks for under a key: a repeat has the same id. */
export function holdIdOf(request: {
  shard: number
  customerId: string
  key: string
  showId: string
}): string {
  const { shard, customerId, key, showId } = request
  return reservationIdOf(shard, digestOf('hold', customerId, key, showId))
}

/** Fingerprint of a hold's body: the seats in the order given. */
export const holdHashOf = (seats: readonly number[]): string => fingerprintOf(seats.join(','))

/** Fingerprint of a checkout's body. */
export function checkoutHashOf(body: { paymentToken: string; contact?: Contact }): string {
  const { paymentToken, contact } = body
  const told = contact ? [contact.email, contact.locale ?? ''] : []
  return fingerprintOf(paymentToken, ...told)
}
