/** Turns a notice into a whole message (RFC 5322), the same bytes for the same notice. */
import type { Money } from '../../../contracts/payloads.ts'
import type { NoticeKind, NoticeRequest } from '../api.ts'

const SUBJECTS: Readonly<Record<NoticeKind, string>> = {
  confirmed: 'Your tickets',
  payment_failed: 'Your payment did not go through',
  cancelled: 'Your order was cancelled',
  refunded: 'Your refund',
}

const PARAGRAPHS: Readonly<Record<NoticeKind, string>> = {
  confirmed: 'Thank you for your order. Your seats are booked, and these are your tickets.',
  payment_failed: 'Your payment was not accepted, so the seats have been released.',
  cancelled: 'We could not complete your order. You have not been charged.',
  refunded: 'We could not complete your order and have returned the full amount to your card.',
}

/** Intl's formatters are costly to make and cheap to keep. */
const formats = new Map<string, Intl.NumberFormat>()
const timeFormat = new Intl.DateTimeFormat('en', {
  dateStyle: 'full',
  timeStyle: 'short',
  timeZone: 'UTC',
})

function moneyText({ currency, value }: Money): string {
  let format = formats.get(currency)
  if (!format) {
    format = new Intl.NumberFormat('en', { style: 'currency', currency })
    formats.set(currency, format)
  }
  return format.format(value / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 0))
}

/** Text from outside on one line, so that it cannot begin a header of its own. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').trim()

const MARKUP: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
const escapeHtml = (text: string): string => text.replace(/[&<>]/g, (one) => MARKUP[one] as string)

const recipientOf = ({ contact, customerId }: NoticeRequest): string =>
  oneLine(contact?.email ?? `${customerId}@guest.invalid`)

function detailsOf(notice: NoticeRequest): [label: string, text: string][] {
  const { show, seatIds, amount, tickets = [], reservationId } = notice
  return [
    ['Show', oneLine(show.name)],
    ['Starts', `${timeFormat.format(new Date(show.startsAt))} UTC`],
    ['Seats', seatIds.map(oneLine).join(', ')],
    ['Amount', moneyText(amount)],
    ...tickets.map(({ ticketId, seatId }): [string, string] => [`Ticket ${seatId}`, ticketId]),
    ['Reservation', reservationId],
  ]
}

const base64Lines = (text: string): string =>
  Buffer.from(text)
    .toString('base64')
    .replace(/.{76}(?=.)/g, '$&\r\n')

/** The message of a notice, with text and HTML. */
export function composeNotice(
  notice: NoticeRequest,
  { key, from, atMs }: { key: string; from: string; atMs: number },
): string {
  const { kind } = notice
  const details = detailsOf(notice)
  const text = [PARAGRAPHS[kind], ...details.map(([label, value]) => `${label}: ${value}`)]
  const rows = details.map(
    ([label, value]) => `<tr><th>${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`,
  )
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"></head><body>
<p>${PARAGRAPHS[kind]}</p><table>\n${rows.join('\n')}\n</table></body></html>\n`
  const boundary = `--=_${key}`
  const part = (type: string, body: string): string[] => [
    `--${boundary}`,
    `Content-Type: ${type}; charset=utf-8`,
    'Content-Transfer-Encoding: base64',
    '',
    base64Lines(body),
  ]
  return [
    `From: Box office <${from}>`,
    `To: ${recipientOf(notice)}`,
    `Subject: ${SUBJECTS[kind]}`,
    `Message-ID: <${key}@holdfast>`,
    `Date: ${new Date(atMs).toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    `Content-Type: multipart/alternative; boundary="${boundary}"`,
    '',
    ...part('text/plain', `${text.join('\n')}\n`),
    ...part('text/html', html),
    `--${boundary}--`,
    '',
  ].join('\r\n')
}
