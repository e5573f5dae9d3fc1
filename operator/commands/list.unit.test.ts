import { describe, expect, it } from 'vitest'
import { kindOf } from './list.ts'

describe('the kind of a reason', () => {
  it.each([
    ['TypeError: r07_0123456789abcdefghjkmnpqrs has no gate 17', 'TypeError: … has no gate …'],
    [
      'NOT_JSON: Unexpected token \'x\', "x\ny"... is not valid JSON',
      'NOT_JSON: the record is no JSON',
    ],
    [
      'SCHEMA: /data/payload/amount: Expected object',
      'SCHEMA: /data/payload/amount: Expected object',
    ],
  ])('of %j leaves out what differs from record to record', (reason, kind) => {
    expect(kindOf(reason)).toBe(kind)
  })
})
