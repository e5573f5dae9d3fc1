/** Numbers and texts as people read them. */
import type { Summary } from '../statistics/summary.ts'

const PLACES = [
  { below: 0.1, places: 4 },
  { below: 1, places: 3 },
  { below: 10, places: 2 },
  { below: 100, places: 1 },
] as const

/** Three digits that count, with commas from a thousand on: `0.123`, `4.57`, `1,234`. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const places = PLACES.find(({ below }) => Math.abs(value) < below)?.places ?? 0
  const [whole = '', fraction] = value.toFixed(Number.isInteger(value) ? 0 : places).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** `4.6 (4.2–5.1)`, or the median alone when there was one run. */
export function summaryText({ median, min, max }: Summary): string {
  if (min === max) return numberText(median)
  return `${numberText(median)} (${numberText(min)}–${numberText(max)})`
}

export const percentText = (share: number): string => `${numberText(share * 100)} %`

export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

/** A cell of a table, whatever it holds. */
export const cellText = (cell: string | number | null): string =>
  cell === null ? '–' : typeof cell === 'number' ? numberText(cell) : cell

const WORDS_MAX = 300

/** A message of an error on one line, cut where it gets long. */
export function briefText(words: string): string {
  const line = words.replace(/\s+/g, ' ').trim()
  return line.length > WORDS_MAX ? `${line.slice(0, WORDS_MAX)} …` : line
}
