import { describe, expect, it } from 'vitest'
import { parseMail } from '../testing/parseMail.ts'
import { assemble } from './assemble.ts'

const message = (changes: { subject?: string; body?: string; to?: string }): Buffer =>
  assemble({
    headers: [
      ['To', changes.to ?? 'a@example.com'],
      ['Subject', changes.subject ?? 'Hello'],
    ],
    parts: [
      ['text/plain', changes.body ?? 'Hello\n'],
      ['text/html', '<p>Hello</p>\n'],
    ],
    boundary: '--=_one',
  })

describe('assemble', () => {
  it.each([
    ['short ASCII', 'Hello\nagain\n'],
    ['a long line', `${'x'.repeat(3_000)}\n`],
    ['Korean', '안녕하세요. '.repeat(50)],
    ['a line that is a dot', 'a\n.\nb\n'],
    ['emoji and a zero width joiner', '👩‍👩‍👧 🎫\n'],
  ])('carries %s whole, in lines that every server takes', (_what, body) => {
    const raw = message({ body })
    const lines = raw.toString('latin1').split('\r\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(78)
    expect(raw.toString()).not.toMatch(/[^\r]\n/)
    const text = parseMail(raw).parts['text/plain']?.replaceAll('\r\n', '\n')
    expect(text?.trimEnd()).toBe(body.trimEnd())
  })

  it.each([
    'Hello',
    '예매 완료 '.repeat(20).trim(),
    `${'long '.repeat(60)}end`,
    'Café – 겨울 🎫',
    'looks like =?utf-8?q?an_encoded?= word',
    '=?utf-8?Q?=0D=0ABcc:_x@example.com?=',
  ])('carries the subject %j whole', (subject) => {
    const { headers } = parseMail(message({ subject }))
    expect(Object.keys(headers)).toContain('content-type')
    expect(headers.bcc).toBeUndefined()
    if (!subject.includes('=?')) expect(headers.subject).toBe(subject)
  })

  it.each(['a\r\nBcc: x@example.com', 'a\nb', 'a\rb', 'a\0b'])('refuses %j in a header', (text) => {
    expect(() => message({ to: text })).toThrow(RangeError)
    expect(() => message({ subject: text })).toThrow(RangeError)
  })
})
