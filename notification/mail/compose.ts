/**
 * Turns the facts of a notice into a whole message (RFC 5322), always the same bytes for the same
 * notice, so that a message which is sent again after a crash is the same message.
 */
import { assemble } from './assemble.ts'
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

/** Lines that are short need no encoding on their way, and read well as plain text. */
const LINE_CHARACTERS_MAX = 72

/** Breaks text at spaces; a word that is longer stays whole. */
function wrap(text: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    const isFitting = last !== undefined && last.length + word.length < LINE_CHARACTERS_MAX
    if (isFitting) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.join('\n')
}

function textOf(words: Words, book: Phrasebook, details: readonly Detail[]): string {
  const listed = details.map(([label, lines]) =>
    lines.length === 1 ? `${label}: ${lines[0]}` : [`${label}:`, ...lines].join('\n  '),
  )
  return `${[
    book.greeting,
    ...words.paragraphs.map(wrap),
    listed.join('\n'),
    book.closing,
    wrap(book.automatic),
  ].join('\n\n')}\n`
}

const STYLE = `
body { font-family: sans-serif; line-height: 1.5 }
th { text-align: left; vertical-align: top; padding-right: 1em }
.small { color: #666; font-size: 0.85em }
`

function htmlOf(
  words: Words,
  { book, language, details }: { book: Phrasebook; language: Language; details: readonly Detail[] },
): string {
  const paragraph = (text: string): string => `<p>\n${wrap(escapeHtml(text))}\n</p>`
  const row = ([label, lines]: Detail): string =>
    `<tr><th>${escapeHtml(label)}</th>\n<td>${lines.map(escapeHtml).join('<br>\n')}</td></tr>`
  return [
    `<!doctype html>\n<html lang="${language}"><head><meta charset="utf-8">`,
    `<title>\n${wrap(escapeHtml(words.subject))}\n</title>`,
    `<style>${STYLE}</style></head><body>`,
    `<h2>${escapeHtml(words.headline)}</h2>`,
    paragraph(book.greeting),
    ...words.paragraphs.map(paragraph),
    `<table>\n${details.map(row).join('\n')}\n</table>`,
    paragraph(book.closing),
    `<p class="small">\n${wrap(escapeHtml(book.automatic))}\n</p>`,
    '</body></html>\n',
  ].join('\n')
}

/** The message of a notice. Nothing that came from outside can add a header or another address. */
export function composeNotice(facts: NoticeFacts, options: ComposeOptions): Message {
  const { key, from, to, atMs } = options
  const { subject, text, html } = writeNotice(facts)
  const raw = assemble({
    headers: [
      ['From', `${SENDER_NAME} <${from}>`],
      ['To', to],
      ['Subject', subject],
      ['Message-ID', messageIdOf(key)],
      ['Date', new Date(atMs).toUTCString().replace('GMT', '+0000')],
      ['Auto-Submitted', 'auto-generated'],
      ['Content-Language', languageOf(facts.locale)],
    ],
    parts: [
      ['text/plain', text],
      ['text/html', html],
    ],
    boundary: `--=_${key}`,
  })
  return { key, to, raw }
}
