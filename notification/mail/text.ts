/** Pieces of text that messages are made of: amounts, times, and text that came from outside. */
import type { Money } from '../../contracts/payloads.ts'

export type Language = 'en' | 'ko'

/** The language of a contact's locale by its first part (`ko-KR` -> ko); English otherwise. */
export const languageOf = (locale: string | undefined): Language =>
  locale?.split('-')[0]?.toLowerCase() === 'ko' ? 'ko' : 'en'

interface CurrencyFormat {
  format: Intl.NumberFormat
  /** Minor units in one major unit, by ISO 4217. */
  minorUnits: number
}

/** Intl's formatters are costly to make and to ask, and cheap to keep. */
const currencyFormats = new Map<string, CurrencyFormat>()
const CURRENCY_FORMATS_MAX = 400

function currencyFormatOf(language: Language, currency: string): CurrencyFormat {
  const name = `${language} ${currency}`
  const known = currencyFormats.get(name)
  if (known) return known
  const format = new Intl.NumberFormat(language, { style: 'currency', currency })
  const made = { format, minorUnits: 10 ** (format.resolvedOptions().maximumFractionDigits ?? 0) }
  if (currencyFormats.size < CURRENCY_FORMATS_MAX) currencyFormats.set(name, made)
  return made
}

/** An amount as people write it; minor units become ISO 4217 digits: 1234 USD -> $12.34. */
export function formatMoney({ currency, value }: Money, language: Language): string {
  const { format, minorUnits } = currencyFormatOf(language, currency)
  return format.format(value / minorUnits)
}

const timeFormatOf = (language: Language): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(language, {
    dateStyle: 'full',
    timeStyle: 'short',
    timeZone: 'UTC',
  })

const timeFormats = { en: timeFormatOf('en'), ko: timeFormatOf('ko') }

/** A moment in words, in UTC and saying so, for the venue's time zone is not known. */
export const formatTime = (rfc3339: string, language: Language): string =>
  `${timeFormats[language].format(new Date(rfc3339))} UTC`

const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu

/** One line of text from outside: no line breaks, no control or direction characters. */
export const oneLine = (text: string): string => text.replace(UNSAFE, ' ').trim()

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
