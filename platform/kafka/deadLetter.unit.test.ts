import { AssertionError } from 'node:assert'
import { describe, expect, it } from 'vitest'
import {
  deadLetterOf,
  describeError,
  type FetchedRecord,
  isForAnother,
  isProgrammersError,
} from './deadLetter.ts'

const record = (headers: FetchedRecord['headers'] = {}): FetchedRecord => ({
  topic: 'seat_confirm',
  partition: 3,
  offset: '42',
  key: Buffer.from([0xff, 0x00]),
  value: Buffer.from([0xc3, 0x28]),
  headers,
})
const failure = { errorClass: 'Error', message: 'no', attempts: 5, firstFailedAt: 1_000 }

describe('deadLetterOf', () => {
  it('keeps key and body as they are and says who gave up, where and why', () => {
    const original = record({ 'content-type': Buffer.from('application/cloudevents+json') })
    const letter = deadLetterOf(original, { group: 'ticket', failure })
    expect(letter).toEqual({
      topic: 'seat_confirm.DLQ',
      key: original.key,
      value: original.value,
      headers: {
        'content-type': Buffer.from('application/cloudevents+json'),
        dlq_group: 'ticket',
        dlq_topic: 'seat_confirm',
        dlq_partition: '3',
        dlq_offset: '42',
        dlq_attempts: '5',
        dlq_error_class: 'Error',
        dlq_error_message: 'no',
        dlq_first_failed_at: '1970-01-01T00:00:01.000Z',
        dlq_replays: '0',
      },
    })
  })

  it('counts a failed replay, keeps the first failure and drops the address', () => {
    const replayed = record({
      replay_for: Buffer.from('ticket'),
      dlq_replays: Buffer.from('1'),
      dlq_first_failed_at: Buffer.from('2026-01-01T00:00:00.000Z'),
    })
    const { headers } = deadLetterOf(replayed, { group: 'ticket', failure })
    expect(headers).toMatchObject({
      dlq_replays: '2',
      dlq_first_failed_at: '2026-01-01T00:00:00.000Z',
    })
    expect(headers).not.toHaveProperty('replay_for')
  })

  it('keeps a null key and a null body', () => {
    const letter = deadLetterOf({ ...record(), key: null, value: null }, { group: 'g', failure })
    expect(letter).toMatchObject({ key: null, value: null })
  })

  it('cuts an endless error message', () => {
    const endless = { ...failure, message: 'x'.repeat(100_000) }
    const { headers } = deadLetterOf(record(), { group: 'g', failure: endless })
    expect(headers?.dlq_error_message?.length).toBe(500)
  })
})

describe('a replay', () => {
  it('is for one group only', () => {
    expect(isForAnother(record(), 'ticket')).toBe(false)
    expect(isForAnother(record({ replay_for: Buffer.from('ticket') }), 'ticket')).toBe(false)
    expect(isForAnother(record({ replay_for: Buffer.from('payment') }), 'ticket')).toBe(true)
  })
})

describe('errors', () => {
  it('knows bugs from bad luck', () => {
    const bugs = [
      new TypeError(),
      new RangeError(),
      new ReferenceError(),
      new SyntaxError(),
      new AssertionError({ message: 'x' }),
    ]
    expect(bugs.filter(isProgrammersError)).toHaveLength(bugs.length)
    expect([new Error('x'), 'text', null].some(isProgrammersError)).toBe(false)
  })

  it('describes whatever was thrown', () => {
    expect(describeError(new RangeError('far'))).toEqual({
      errorClass: 'RangeError',
      message: 'far',
    })
    expect(describeError('oops')).toEqual({ errorClass: 'string', message: 'oops' })
    expect(describeError(undefined)).toEqual({ errorClass: 'undefined', message: 'undefined' })
  })
})
