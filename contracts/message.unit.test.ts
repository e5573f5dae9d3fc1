import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage, type Message } from './message.ts'
import { TOPICS, type Topic } from './topics.ts'

const sampleOf = (topic: Topic): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`./samples/${topic}.v1.json`, import.meta.url), 'utf8'))

const textOf = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json))

function decodedSample(topic: Topic): Message {
  const decoded = decodeMessage(topic, textOf(sampleOf(topic)))
  if (!decoded.ok) throw new Error(decoded.reason)
  return decoded.message
}

describe.each(TOPICS)('a record of %s', (topic) => {
  it('is read from its golden sample and written back the same', () => {
    expect(JSON.parse(encodeMessage(decodedSample(topic)))).toEqual(sampleOf(topic))
  })

  it('still reads when a newer producer added fields', () => {
    const sample = sampleOf(topic) as { data: { payload: object } }
    const grown = { ...sample, data: { ...sample.data, payload: { ...sample.data.payload, x: 1 } } }
    expect(decodeMessage(topic, textOf(grown)).ok).toBe(true)
  })

  it('is refused, with the path, when a field that every payload has is missing', () => {
    const sample = sampleOf(topic) as { data: { topic: string; payload: Record<string, unknown> } }
    for (const field of ['reservationId', 'showId', 'customerId', 'seatIds', 'amount']) {
      const { [field]: _gone, ...payload } = sample.data.payload
      const decoded = decodeMessage(topic, textOf({ ...sample, data: { topic, payload } }))
      expect(decoded).toMatchObject({ ok: false, fault: 'SCHEMA' })
      expect(!decoded.ok && decoded.reason).toContain(`/data/payload/${field}`)
    }
  })

  it('is refused on another topic', () => {
    const other = TOPICS.find((name) => name !== topic) as Topic
    expect(decodeMessage(other, textOf(sampleOf(topic)))).toMatchObject({ ok: false })
  })
})

describe('decodeMessage', () => {
  it('names a record without a value', () => {
    expect(decodeMessage('seat_confirm', null)).toMatchObject({ ok: false, fault: 'NULL_VALUE' })
  })

  it('names text that is not JSON, also when it is JSON cut short', () => {
    for (const text of ['', '{', 'seat', '{"specversion":"1.0"']) {
      expect(decodeMessage('seat_confirm', text)).toMatchObject({ ok: false, fault: 'NOT_JSON' })
    }
  })

  it('refuses JSON that is no event', () => {
    for (const text of ['null', '[]', '{}', '17', '"seat"']) {
      expect(decodeMessage('seat_confirm', text)).toMatchObject({ ok: false, fault: 'SCHEMA' })
    }
  })

  it('refuses a subject that is not the reservation id', () => {
    const sample = { ...sampleOf('seat_confirm'), subject: 'r01_0123456789abcdefghjkmnpqrs' }
    expect(decodeMessage('seat_confirm', textOf(sample))).toMatchObject({ fault: 'SCHEMA' })
  })

  it('refuses what the stores behind it could not keep', () => {
    const sample = sampleOf('seat_confirm') as { data: { topic: string; payload: object } }
    const withPayload = (change: object) => ({
      ...sample,
      data: { ...sample.data, payload: { ...sample.data.payload, ...change } },
    })
    for (const broken of [
      { ...sample, id: 'blank at the end ' },
      { ...sample, id: '한' },
      withPayload({ amount: { currency: 'KRW', value: 2 ** 60 } }),
      withPayload({ seatIds: ['A-1-1', 'A-1-1'] }),
      withPayload({ paymentId: 'é' }),
    ]) {
      expect(decodeMessage('seat_confirm', textOf(broken))).toMatchObject({ fault: 'SCHEMA' })
    }
  })

  it('leaves a malformed trace behind, but not the message', () => {
    const decoded = decodeMessage(
      'seat_confirm',
      textOf({ ...sampleOf('seat_confirm'), traceparent: 'café' }),
    )
    expect(decoded.ok && decoded.message.traceparent).toBe(undefined)
  })

  it('names an unknown topic', () => {
    expect(decodeMessage('seat_lost', '{}')).toMatchObject({ fault: 'UNKNOWN_TOPIC' })
  })
})
