import { describe, expect, it } from 'vitest'
import { table } from './table.ts'
import { durationInWords, printable } from './words.ts'

describe('what somebody else wrote', () => {
  it('moves no cursor, changes no colour and turns no line on the terminal', () => {
    expect(printable('\x1b[31mred\x07 \x9b2J \u202eevil')).toBe(
      '\ufffd[31mred\ufffd \ufffd2J \ufffdevil',
    )
    expect(printable('좌석 é\n\ttab')).toBe('좌석 é\n\ttab')
  })

  it('stays on one line of a table', () => {
    expect(
      table([
        ['a', 'two\n  lines'],
        ['bcd', 'x'],
      ]),
    ).toEqual(['a    two lines', 'bcd  x'])
  })
})

describe('a duration', () => {
  it.each([
    [0.2, '0s'],
    [59.6, '1m 00s'],
    [3_840, '1h 04m'],
  ])('of %d seconds is %s', (seconds, words) => {
    expect(durationInWords(seconds)).toBe(words)
  })
})
