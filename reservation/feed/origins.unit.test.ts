import { describe, expect, it, test } from 'vitest'
import { isOriginAllowed, parseOrigins } from './origins.ts'

describe('an origin', () => {
  test.each([
    ['', 'seats.example', true],
    ['https://seats.example', 'seats.example', true],
    ['https://seats.example', 'SEATS.example', true],
    ['http://localhost:8080', 'localhost:8080', true],
    ['https://[::1]:8080', '[::1]:8080', true],
    ['http://localhost:8081', 'localhost:8080', false],
    ['https://seats.example.evil.example', 'seats.example', false],
    ['https://evil.example', 'seats.example', false],
    ['null', 'seats.example', false],
    ['null', '', false],
    ['file://', '', false],
    ['no origin', 'seats.example', false],
  ])('"%s" at the host "%s": %s', (origin, host, isAllowed) => {
    expect(isOriginAllowed(origin, { allowed: [], host })).toBe(isAllowed)
  })

  it('must be one of the list where there is one, whatever the host', () => {
    const allowed = ['https://a.example', 'https://b.example:8443']
    const isAllowed = (origin: string) => isOriginAllowed(origin, { allowed, host: 'c.example' })
    expect(['https://a.example', 'https://b.example:8443', ''].map(isAllowed)).toEqual([
      ...[true, true, true],
    ])
    expect(
      ['http://a.example', 'https://b.example', 'https://c.example', 'null'].map(isAllowed),
    ).toEqual([false, false, false, false])
  })
})

describe('ALLOWED_ORIGINS', () => {
  it('is a list of origins as browsers send them', () => {
    expect(parseOrigins('https://a.example, http://b.example:8080')).toEqual([
      'https://a.example',
      'http://b.example:8080',
    ])
  })

  test.each([
    '*',
    'a.example',
    'https://a.example/',
    'https://a.example/path',
    'https://a.example,',
  ])('is not "%s"', (list) => {
    expect(parseOrigins(list)).toBe(null)
  })
})
