import { describe, expect, it } from 'vitest'
import { checkSignature, SIGNATURE_AGE_MAX_S, signatureOf } from './signature.ts'

const secret = 'a secret shared with the provider'
const rawBody = '{"events":[]}'
const atS = 1_790_000_000
const header = signatureOf({ secret, rawBody, atS })

const check = (changes: Partial<Parameters<typeof checkSignature>[0]> = {}) =>
  checkSignature({ secret, rawBody, header, nowS: atS, ...changes })

describe('a webhook signature', () => {
  it('is valid for the body and secret it was made with', () => {
    expect(check()).toBe('valid')
    expect(check({ rawBody: Buffer.from(rawBody) })).toBe('valid')
  })

  it('has the published form', () => {
    expect(header).toMatch(/^t=1790000000,v1=[0-9a-f]{64}$/)
  })

  it('is wrong for another body, secret or timestamp', () => {
    expect(check({ rawBody: `${rawBody} ` })).toBe('wrong')
    expect(check({ secret: 'another' })).toBe('wrong')
    expect(check({ header: header.replace('t=1790000000', 't=1790000001') })).toBe('wrong')
  })

  it('is accepted within the window and stale one second past it, either way', () => {
    for (const direction of [-1, 1]) {
      const edge = atS + direction * SIGNATURE_AGE_MAX_S
      expect(check({ nowS: edge })).toBe('valid')
      expect(check({ nowS: edge + direction })).toBe('stale')
    }
  })

  it('is told apart when it is missing or not well formed', () => {
    expect(check({ header: undefined })).toBe('missing')
    expect(check({ header: '' })).toBe('missing')
    for (const bad of [
      'v1=00',
      `t=1,v1=${'0'.repeat(63)}`,
      `${header},v1=00`,
      'x'.repeat(10_000),
    ]) {
      expect(check({ header: bad })).toBe('malformed')
    }
  })
})
