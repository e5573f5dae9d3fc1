import { describe, expect, it } from 'vitest'
import { letterOf } from '../letters/letter.ts'
import { editedReplayOf, parkedOf, replayOf } from './outgoing.ts'

const letter = letterOf({
  ...{ topic: 'seat_confirm.DLQ', partition: 1, offset: '5', timestampMs: 7 },
  key: Buffer.from([0xff, 0x00]),
  value: Buffer.from([0xc3, 0x28]),
  headers: {
    'content-type': Buffer.from('application/cloudevents+json'),
    other: [Buffer.from('a'), Buffer.from([0xfe])],
    dlq_group: Buffer.from('ticket'),
    dlq_error_message: Buffer.from('no'),
    dlq_replays: Buffer.from('2'),
    dlq_first_failed_at: Buffer.from('2026-01-01T00:00:00.000Z'),
  },
})

describe('a replayed record', () => {
  it('has key and body as they were, and goes to the one group that gave up', () => {
    expect(replayOf(letter, 'ticket')).toEqual({
      topic: 'seat_confirm',
      key: letter.record.key,
      value: letter.record.value,
      headers: {
        'content-type': Buffer.from('application/cloudevents+json'),
        other: Buffer.from([0xfe]),
        dlq_replays: Buffer.from('2'),
        dlq_first_failed_at: Buffer.from('2026-01-01T00:00:00.000Z'),
        replay_for: 'ticket',
      },
    })
  })

  it('names the letter that an edited one was made from', () => {
    const { value, headers } = editedReplayOf(letter, 'ticket', '{}')
    expect({ value, from: headers?.edited_from }).toEqual({
      value: '{}',
      from: 'seat_confirm.DLQ/1/5',
    })
  })

  it('is the whole dead letter where it is parked', () => {
    const parked = parkedOf(letter)
    expect(parked.topic).toBe('seat_confirm.parking')
    expect(Object.keys(parked.headers ?? {})).toEqual(Object.keys(letter.record.headers))
  })
})
