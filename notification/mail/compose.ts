/**
 * Turns the facts of a notice into a whole message (RFC 5322), always the same bytes for the same
 * notice, so that a message which is sent again after a crash is the same message.
 */
import MailComposer from 'nodemailer/lib/mail-composer'
import type { NoticeFacts } from './facts.ts'
import { english } from './templates/en.ts'
import { korean } from './templates/ko.ts'
import type { Names, Phrasebook, Words } from './templates/words.ts'
import { escapeHtml, formatMoney, formatTime, type Language, languageOf, oneLine } from './text.ts'

export interface Message {
  /** The notification's key; it also names the message: `<key>@holdfast`. */
  key: string
  to: string
  raw: Buffer
}

export interface ComposeOptions {
  key: string
  /** Address of the sender. */
  from: string
  to: string
  /** When the notice was decided, in ms; the message's Date. */
  atMs: number
}

const SENDER_NAME = 'Holdfast'

const PHRASEBOOKS: Readonly<Record<Language, Phrasebook>> = { en: english, ko: korean }

export const messageIdOf = (key: string): string => `<${key}@holdfast>`

/** A notice in words: subject, text and HTML. */
export function writeNotice(facts: NoticeFacts): { subject: string; text: string; html: string } {
  const language = languageOf(facts.locale)
  const book = PHRASEBOOKS[language]
  const show = facts.show ? oneLine(facts.show.name) : ''
  const names = {
    show: show || book.unnamedShow(facts.showId),
    amount: formatMoney(facts.amount, language),
  }
  const words = book.words[facts.kind](facts, names)
  const details = detailsOf(facts, { language, book, names })
  return {
    subject: oneLine(words.subject),
    text: textOf(words, book, details),
    html: htmlOf(words, { book, language, details }),
  }
}

type Detail = readonly [label: string, lines: readonly string[]]

function detailsOf(
  facts: NoticeFacts,
  { language, book, names }: { language: Language; book: Phrasebook; names: Names },
): Detail[] {
  const { labels } = book
  const tickets = facts.tickets?.map(({ ticketId, seatId }) => `${seatId}: ${ticketId}`)
  return [
    [labels.show, [names.show]],
    ...(facts.show
      ? [[labels.startsAt, [formatTime(facts.show.startsAt, language)]] satisfies Detail]
      : []),
    [labels.seats, [facts.seatIds.map(oneLine).join(', ')]],
    [labels.amount, [names.amount]],
    ...(tickets ? [[labels.tickets, tickets.map(oneLine)] satisfies Detail] : []),
    [labels.reservation, [facts.reservationId]],
  ]
}

function textOf(words: Words, book: Phrasebook, details: readonly Detail[]): string {
  const listed = details.map(([label, lines]) =>
    lines.length === 1 ? `${label}: ${lines[0]}` : [`${label}:`, ...lines].join('\n  '),
  )
  return `${[
    book.greeting,
    ...words.paragraphs,
    listed.join('\n'),
    book.closing,
    `--\n${book.automatic}`,
  ].join('\n\n')}\n`
}

function htmlOf(
  words: Words,
  { book, language, details }: { book: Phrasebook; language: Language; details: readonly Detail[] },
): string {
  const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`
  const row = ([label, lines]: Detail): string =>
    `<tr><th align="left" valign="top" style="padding:2px 16px 2px 0">${escapeHtml(label)}</th>` +
    `<td style="padding:2px 0">${lines.map(escapeHtml).join('<br>')}</td></tr>`
  return [
    `<!doctype html>\n<html lang="${language}"><head><meta charset="utf-8">`,
    `<title>${escapeHtml(words.subject)}</title></head>`,
    '<body style="font-family:sans-serif;line-height:1.5;max-width:36em;margin:auto;padding:1em">',
    `<h1 style="font-size:1.3em">${escapeHtml(words.headline)}</h1>`,
    paragraph(book.greeting),
    ...words.paragraphs.map(paragraph),
    `<table>\n${details.map(row).join('\n')}\n</table>`,
    paragraph(book.closing),
    `<p style="color:#666;font-size:.85em">${escapeHtml(book.automatic)}</p>`,
    '</body></html>\n',
  ].join('\n')
}

/** The message of a notice. Nothing that came from outside can add a header or another address. */
export async function composeNotice(facts: NoticeFacts, options: ComposeOptions): Promise<Message> {
  const { key, from, to, atMs } = options
  const composer = new MailComposer({
    from: { name: SENDER_NAME, address: from },
    to: { name: '', address: to },
    ...writeNotice(facts),
    messageId: messageIdOf(key),
    date: new Date(atMs),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'Content-Language': languageOf(facts.locale),
    },
    // Far cheaper than quoted-printable, which mostly escapes every character of Korean.
    textEncoding: 'base64',
    baseBoundary: key,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const raw = await new Promise<Buffer>((resolve, reject) => {
    composer.compile().build((error, bytes) => (error ? reject(error) : resolve(bytes)))
  })
  return { key, to, raw }
}
