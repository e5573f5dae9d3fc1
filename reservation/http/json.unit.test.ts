import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEPTH_MAX, parseJson } from './json.ts'

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe('parseJson', () => {
  test('reads every JSON value that has no odd names, as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        fc.pre(!text.includes('__proto__'))
        // A generated object has each name once, so nothing may be refused.
        expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) })
      }),
    )
  })

  test('never throws, whatever the text', () => {
    const pieces = fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '1', '\\u00')
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('')
        const parsed = parseJson(text)
        if (parsed.ok) expect(parsed.value).toEqual(JSON.parse(text))
      }),
      { numRuns: 500 },
    )
  })

  test.each(['', '{', 'NaN', '{"a":NaN}', '[1,]', "{'a':1}", 'undefined', '{"a":1}x', '\u0000'])(
    '%j is not JSON',
    (text) => {
      expect(parseJson(text)).toEqual({ ok: false, message: 'the body is not JSON' })
    },
  )

  test.each([
    '{"__proto__":{"isAdmin":true}}',
    '{"a":[{"b":1,"__proto__":null}]}',
    '{"\\u005f_proto__":1}',
  ])('%s names __proto__', (text) => {
    expect(parseJson(text)).toEqual({ ok: false, message: 'the name __proto__ is not allowed' })
  })

  test.each(['{"a":1,"a":2}', '{"x":{"a":[":",{"b":"\\"a\\":"}],"a":2}}', '{"a":1,"\\u0061":2}'])(
    '%s names a member twice',
    (text) => {
      expect(parseJson(text)).toMatchObject({
        ok: false,
        message: expect.stringContaining('twice'),
      })
    },
  )

  test('the same name in two objects, and colons inside strings, are fine', () => {
    const text = '{"a":"b\\\\\\":\\"a","c":[{"a":1},{"a":2}],"__proto":":"}'
    expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) })
  })

  test.each(['"\\ud800"', '{"name":"a\\uDC00b"}', '{"\\udbff":1}', '["\\ud83d\\ud83d\\ude00"]'])(
    '%s holds half a character',
    (text) => {
      expect(parseJson(text)).toEqual({ ok: false, message: 'the body holds half a character' })
    },
  )

  test.each(['"\\ud83d\\ude00"', '"\\\\ud800"', '["\\uD7FF\\ue000"]'])('%s is whole', (text) => {
    expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) })
  })

  test('nesting ends at the limit, also when it is a megabyte deep', () => {
    expect(parseJson(nested(DEPTH_MAX)).ok).toBe(true)
    expect(parseJson(nested(DEPTH_MAX + 1)).ok).toBe(false)
    expect(parseJson(nested(500_000)).ok).toBe(false)
  })
})
