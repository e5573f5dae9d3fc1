import { describe, expect, it } from 'vitest'
import type { ScannedRecord } from '../../platform/kafka/scan.ts'
import { SAMPLES } from '../testing/samples.ts'
import { parseFilters, passes } from './filters.ts'
import { contentOf, letterOf, parseLetterId } from './letter.ts'

const NOW_MS = Date.parse('2026-01-31T12:00:00.000Z')

const record = (change: Partial<ScannedRecord> = {}): ScannedRecord => ({
  topic: 'payment_create.DLQ',
  partition: 3,
  offset: '17',
  timestampMs: NOW_MS - 3_600_000,
  key: Buffer.from('r07_0123456789abcdefghjkmnpqrs'),
  value: Buffer.from(JSON.stringify(SAMPLES.payment_create)),
  headers: {
    dlq_group: Buffer.from('ticket'),
    dlq_error_class: Buffer.from('TypeError'),
    dlq_error_message: Buffer.from('no gate'),
    dlq_attempts: Buffer.from('1'),
    dlq_replays: Buffer.from('2'),
  },
  ...change,
})

describe('a dead letter', () => {
  it('tells where it lies, who gave up, and why', () => {
    expect(letterOf(record())).toMatchObject({
      id: 'payment_create.DLQ/3/17',
      topic: 'payment_create',
      group: 'ticket',
      errorClass: 'TypeError',
      errorMessage: 'no gate',
      attempts: 1,
      replays: 2,
    })
  })

  it('may lack every header, its key and its body', () => {
    const letter = letterOf(record({ headers: {}, key: null, value: null }))
    expect(letter).toMatchObject({ group: null, errorClass: 'unknown', replays: 0 })
    expect(contentOf(letter)).toMatchObject({ ok: false, fault: 'NULL_VALUE' })
  })

  it('has another fingerprint when anything else lies at its place', () => {
    const { fingerprint } = letterOf(record())
    expect(letterOf(record()).fingerprint).toBe(fingerprint)
    for (const change of [{ value: null }, { key: null }, { timestampMs: 1 }]) {
      expect(letterOf(record(change)).fingerprint).not.toBe(fingerprint)
    }
  })
})

describe('parseLetterId', () => {
  it('reads an id with and without .DLQ', () => {
    const place = { topic: 'payment_create', partition: 3, offset: 17n }
    expect(parseLetterId('payment_create.DLQ/3/17')).toEqual(place)
    expect(parseLetterId('payment_create/3/17')).toEqual(place)
  })

  it.each(['', 'payment_create', 'payment_create/3', 'payment_create/x/1', 'a/b/c/d', 'x.DLQ/0/0'])(
    'refuses %j',
    (text) => {
      expect(() => parseLetterId(text)).toThrow(/is no record id|there is no topic/)
    },
  )
})

describe('filters', () => {
  const isIn = (options: Parameters<typeof parseFilters>[0], change?: Partial<ScannedRecord>) =>
    passes(letterOf(record(change)), parseFilters(options, NOW_MS))

  it('let everything pass when none is given', () => {
    expect(isIn({})).toBe(true)
  })

  it.each([
    [{ topic: 'payment_create' }, { topic: 'seat_confirm.DLQ' }],
    [{ topic: 'payment_create.DLQ' }, { topic: 'seat_confirm' }],
    [{ group: 'ticket' }, { group: 'payment' }],
    [{ reason: 'typeerror: NO' }, { reason: 'RangeError' }],
    [{ reservation: 'r07_0123456789abcdefghjkmnpqrs' }, { reservation: `r08_${'0'.repeat(26)}` }],
    [{ show: 'demo' }, { show: 'another' }],
    [{ since: '2h' }, { since: '30m' }],
    [{ until: '2026-01-31T11:30:00Z' }, { until: '2026-01-31T10:30:00Z' }],
    [{ offset: '17' }, { offset: '16' }],
    [{ offset: '10-17' }, { offset: '18-' }],
  ])('let %j pass and not %j', (fitting, other) => {
    expect(isIn(fitting)).toBe(true)
    expect(isIn(other)).toBe(false)
    expect(isIn({ ...fitting, ...other })).toBe(false)
  })

  it.each([
    ['2026-01-31T10:02:07Z', '2026-01-31T10:02:07.000Z'],
    ['2026-01-31 10:02:07', '2026-01-31T10:02:07.000Z'],
    ['2026-01-31T10:02', '2026-01-31T10:02:00.000Z'],
    ['2026-01-31T19:02:07.5+09:00', '2026-01-31T10:02:07.500Z'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
  ])('read the time %s as it is printed: in UTC where no zone is given', (since, time) => {
    const zone = process.env.TZ
    process.env.TZ = 'Asia/Seoul'
    try {
      expect(parseFilters({ since }, NOW_MS).sinceMs).toBe(Date.parse(time))
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
  })

  it('know the reservation of a record that cannot be read by its key', () => {
    const options = { reservation: 'r07_0123456789abcdefghjkmnpqrs' }
    expect(isIn(options, { value: Buffer.from('{') })).toBe(true)
    expect(isIn({ ...options, show: 'demo' }, { value: Buffer.from('{') })).toBe(false)
  })

  it.each([
    [{ topic: 'payments' }, /the topics are payment_request/],
    [{ reservation: 'r7' }, /is no reservation id/],
    [{ since: 'yesterday' }, /is no time/],
    [{ until: '2026-31-01' }, /is no time/],
    [{ since: '2026-01-31T10:00:00 Seoul' }, /is no time/],
    [{ since: '10:00' }, /is no time/],
    [{ since: '1h', until: '2h' }, /--until "2h" is before --since "1h"/],
    [{ offset: '-5' }, /is no range/],
    [{ offset: '42-17' }, /ends before it begins/],
  ])('refuse %j', (options, words) => {
    expect(() => parseFilters(options, NOW_MS)).toThrow(words)
  })
})
