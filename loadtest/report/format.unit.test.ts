import { describe, expect, it } from 'vitest'
import { cellText, escapeHtml, numberText, percentText, summaryText } from './format.ts'

describe('numberText', () => {
  it.each([
    [0, '0'],
    [7, '7'],
    [1_234_567, '1,234,567'],
    [1_234.56, '1,235'],
    [12.345, '12.3'],
    [4.567, '4.57'],
    [0.1234, '0.123'],
    [0.01234, '0.0123'],
    [-4.5, '-4.50'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('writes %s as %s', (value, text) => {
    expect(numberText(value)).toBe(text)
  })
})

describe('summaryText', () => {
  it('tells the range of several runs', () => {
    expect(summaryText({ median: 5, min: 4.5, max: 6.25 })).toBe('5 (4.50–6.25)')
  })

  it('tells one run alone', () => {
    expect(summaryText({ median: 5, min: 5, max: 5 })).toBe('5')
  })
})

describe('percentText and cellText', () => {
  it('write shares, numbers, words and nothing', () => {
    expect(percentText(0.1234)).toBe('12.3 %')
    expect([1_000, 'a', null].map(cellText)).toEqual(['1,000', 'a', '–'])
  })
})

describe('escapeHtml', () => {
  it('leaves no markup', () => {
    expect(escapeHtml('<a href="x">&</a>')).toBe('&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;')
  })
})
