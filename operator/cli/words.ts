/** How the desk writes amounts, times and counts for people. */
import type { Money } from '../../contracts/payloads.ts'

/** `120,000 KRW`: minor units as they are, for the desk compares and does not convert. */
export const amountInWords = ({ currency, value }: Money): string =>
  `${value.toLocaleString('en')} ${currency}`

/** `2026-01-31 10:02:07.123` in UTC. */
export const timeInWords = (ms: number): string =>
  new Date(ms).toISOString().replace('T', ' ').replace('Z', '')

/** `10:02` in UTC. */
export const minuteInWords = (ms: number): string => new Date(ms).toISOString().slice(11, 16)

/**
 * What somebody else wrote, as a terminal may show it: a poison message must not move the cursor,
 * recolour the screen or turn the direction of what stands behind it.
 */
export const printable = (text: string): string =>
  text.replace(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')

export const countOf = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`

/** `1h 04m`, `3m 20s`, `12s`. */
export function durationInWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const hours = Math.floor(whole / 3_600)
  const minutes = Math.floor((whole % 3_600) / 60)
  const two = (value: number): string => String(value).padStart(2, '0')
  if (hours > 0) return `${hours}h ${two(minutes)}m`
  if (minutes > 0) return `${minutes}m ${two(whole % 60)}s`
  return `${whole}s`
}
