/** What a message to a customer is written from; kept as JSON with the notification. */
import type { CancelReason, IssuedTicket, Money } from '../../contracts/payloads.ts'
import type { NoticeKind } from '../domain/notices.ts'

export interface NoticeFacts {
  kind: NoticeKind
  reservationId: string
  showId: string
  customerId: string
  seatIds: readonly string[]
  amount: Money
  email?: string
  locale?: string
  show?: { name: string; startsAt: string }
  tickets?: readonly IssuedTicket[]
  reason?: CancelReason
  /** Of expired notices: whether the buyer had gone to pay already. */
  phase?: 'held' | 'paying'
}

export const RECIPIENT_LENGTH_MAX = 254
/** A mailbox as RFC 5322 allows it without quotes; nothing in it can begin another header. */
const MAILBOX = /^[^\s\p{Cc}@<>()[\]\\,;:"]+@[^\s\p{Cc}@<>()\\,;:"]+$/u
const ATEXT = /[A-Za-z0-9!#$&'*+\-/=?^_`{|}~]/

/** Where the message goes, or null when the contact cannot be written to. */
export function recipientOf(facts: Pick<NoticeFacts, 'email' | 'customerId'>): string | null {
  const address = facts.email ?? `${localPartOf(facts.customerId)}@guest.invalid`
  return address.length <= RECIPIENT_LENGTH_MAX && MAILBOX.test(address) ? address : null
}

/** A customer id may hold any printable character; those an address cannot hold are escaped. */
function localPartOf(customerId: string): string {
  let text = ''
  for (const character of customerId) {
    const isDotInside =
      character === '.' && text !== '' && !text.endsWith('.') && text.length < customerId.length - 1
    const isPlain = ATEXT.test(character) || isDotInside
    text += isPlain ? character : `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  }
  return text
}
