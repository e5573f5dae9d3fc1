/**
 * The shapes of identifiers. A reservation id carries its shard and a ticket id its reservation,
 * so a reader knows where to look without asking anyone.
 *
 *   reservation  r07_<26 chars of base32: 128 bits>
 *   ticket       t07_<the same 26 chars>_<ordinal of the seat in the reservation, from 1>
 *   log event    s07-<log id>, the message id of a change that was made in Redis
 */

export const SHARDS_MAX = 100
export const SHOW_ID_PATTERN = '^[A-Za-z0-9_-]{1,64}$'
export const RESERVATION_ID_PATTERN = '^r[0-9]{2}_[0-9a-hjkmnp-tv-z]{26}$'
export const TICKET_ID_PATTERN = '^t[0-9]{2}_[0-9a-hjkmnp-tv-z]{26}_[1-9][0-9]{0,3}$'
export const IDEMPOTENCY_KEY_PATTERN = '^[A-Za-z0-9_-]{1,64}$'
/** A customer id is the `sub` of a token; anything printable without spaces, for it names keys. */
export const CUSTOMER_ID_PATTERN = '^[!-~]{1,128}$'

const RESERVATION_ID = new RegExp(RESERVATION_ID_PATTERN)
const TICKET_ID = new RegExp(TICKET_ID_PATTERN)
const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz'

const twoDigits = (shard: number): string => String(shard).padStart(2, '0')

/** `s07`: the hash tag of a shard's keys and the prefix of its message ids. */
export const shardTagOf = (shard: number): string => `s${twoDigits(shard)}`

/** Crockford base32, lower case, of 16 bytes: 26 characters. */
export function base32Of(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let pending = 0
  for (const byte of bytes) {
    pending = (pending << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += BASE32[(pending >> bits) & 31]
      pending &= (1 << bits) - 1
    }
  }
  return bits > 0 ? text + BASE32[(pending << (5 - bits)) & 31] : text
}

/** Builds a reservation id from its shard and 16 bytes that identify customer, key and show. */
export const reservationIdOf = (shard: number, digest: Uint8Array): string =>
  `r${twoDigits(shard)}_${base32Of(digest.subarray(0, 16))}`

export const isReservationId = (text: string): boolean => RESERVATION_ID.test(text)

/** The shard that a reservation id carries. The id must have been checked with isReservationId. */
export const shardOfReservation = (reservationId: string): number =>
  Number(reservationId.slice(1, 3))

/** Ticket id of the seat at `ordinal` (from 1) among the reservation's seats. */
export const ticketIdOf = (reservationId: string, ordinal: number): string =>
  `t${reservationId.slice(1)}_${ordinal}`

/** Splits a ticket id, or answers null when the text is not one. */
export function parseTicketId(text: string): { reservationId: string; ordinal: number } | null {
  if (!TICKET_ID.test(text)) return null
  const cut = text.lastIndexOf('_')
  return { reservationId: `r${text.slice(1, cut)}`, ordinal: Number(text.slice(cut + 1)) }
}

/** Message id of the log entry `logId` (`<ms>-<n>`) of a shard. */
export const logEventIdOf = (shard: number, logId: string): string =>
  `${shardTagOf(shard)}-${logId}`

/** The log id inside a message id made by logEventIdOf, or null for messages born elsewhere. */
export function logIdOfEvent(eventId: string): string | null {
  const match = /^s[0-9]{2}-([0-9]+-[0-9]+)$/.exec(eventId)
  return match?.[1] ?? null
}

/** Orders two log ids (`<ms>-<n>`): negative when `a` is older. */
export function compareLogIds(a: string, b: string): number {
  const [aMs = '0', aSeq = '0'] = a.split('-')
  const [bMs = '0', bSeq = '0'] = b.split('-')
  return Number(aMs) - Number(bMs) || Number(aSeq) - Number(bSeq)
}
