import { describe, expect, test } from 'vitest'
import { matches, prefersBytes } from './conditional.ts'

describe('If-None-Match', () => {
  test.each([
    ['"1-0"', true],
    ['W/"1-0"', true],
    ['"0-1", "1-0"', true],
    ['*', true],
    ['', false],
    ['1-0', false],
    ['"1-00"', false],
    ['"1-0', false],
  ])('%s names the validator "1-0": %s', (header, expected) => {
    expect(matches(header, '"1-0"')).toBe(expected)
  })
})

describe('Accept', () => {
  test.each([
    ['application/octet-stream', true],
    ['Application/Octet-Stream', true],
    ['application/octet-stream, */*', true],
    ['application/octet-stream;q=0.9, application/json;q=0.5', true],
    ['application/json, application/octet-stream;q=0.9', false],
    ['application/octet-stream;q=0', false],
    ['application/json', false],
    ['*/*', false],
    ['', false],
    ['text/html, application/*', false],
  ])('%s asks for bytes: %s', (accept, expected) => {
    expect(prefersBytes(accept)).toBe(expected)
  })
})
