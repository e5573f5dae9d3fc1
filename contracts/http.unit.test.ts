import { describe, expect, it } from 'vitest'
import { isDateTime } from './http.ts'

describe('isDateTime', () => {
  it.each([
    '2030-01-01T10:00:00Z',
    '2028-02-29T23:59:59.123456789+09:00',
    '9999-12-31T23:59:59Z',
    '0001-01-01T00:00:00-12:00',
  ])('takes %s', (text) => {
    expect(isDateTime(text)).toBe(true)
  })

  it.each(['2030-02-29T10:00:00Z', '2030-01-01T10:00:00', '2030-01-01', '2030-13-01T00:00:00Z'])(
    'does not take %s',
    (text) => {
      expect(isDateTime(text)).toBe(false)
    },
  )

  it.each(['9999-12-31T23:59:59-01:00', '0000-01-01T00:00:00+01:00'])(
    'does not take %s, whose year in UTC has no four digits',
    (text) => {
      expect(isDateTime(text)).toBe(false)
    },
  )
})
