import { describe, expect, it } from 'vitest'
import { letterOf } from '../letters/letter.ts'
import { SAMPLES } from '../testing/samples.ts'
import { editableOf, messageFrom } from './editable.ts'

const NOW_MS = Date.parse('2026-01-31T12:00:00.000Z')

const letter = (value: string | null) =>
  letterOf({
    ...{ topic: 'payment_create.DLQ', partition: 0, offset: '0', timestampMs: 0 },
    ...{ key: null, value: value === null ? null : Buffer.from(value), headers: {} },
  })

const sample = SAMPLES.payment_create
const payload = JSON.stringify(sample.data.payload)

describe('an edited dead letter', () => {
  it('offers the payload alone, or the body as it is', () => {
    expect(JSON.parse(editableOf(letter(JSON.stringify(sample))))).toEqual(sample.data.payload)
    expect(editableOf(letter('{"half":'))).toBe('{"half":')
    expect(editableOf(letter(null))).toBe('')
  })

  it('keeps the id of the original, so that only one of the two takes effect', () => {
    const broken = { ...sample, data: { ...sample.data, payload: { amount: 'a lot' } } }
    const message = messageFrom(letter(JSON.stringify(broken)), payload, NOW_MS)
    expect(message).toMatchObject({ id: sample.id, topic: 'payment_create', source: '/payment' })
  })

  it('is named anew where the original has no id that could be kept', () => {
    const { id, source, time } = messageFrom(letter('no json'), payload, NOW_MS)
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect({ source, time }).toEqual({ source: '/operator', time: '2026-01-31T12:00:00.000Z' })
  })

  it('may be a whole message', () => {
    const text = JSON.stringify({ ...sample, id: 'given-by-hand' })
    expect(messageFrom(letter(null), text, NOW_MS).id).toBe('given-by-hand')
  })

  it('is refused under another id than the original has', () => {
    const text = JSON.stringify({ ...sample, id: 'another' })
    const original = letter(JSON.stringify({ ...sample, data: {} }))
    expect(() => messageFrom(original, text, NOW_MS)).toThrow(`must keep its id ${sample.id}`)
  })

  it('is refused with the place where it does not fit', () => {
    const { customerId: _customerId, ...lacking } = sample.data.payload
    expect(() => messageFrom(letter('{}'), JSON.stringify(lacking), NOW_MS)).toThrow(
      /does not fit payment_create: \/data\/payload\/customerId/,
    )
    expect(() => messageFrom(letter('{}'), '[]', NOW_MS)).toThrow(/not a JSON object/)
  })
})
