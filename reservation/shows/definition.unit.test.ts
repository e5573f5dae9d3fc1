import { describe, expect, test } from 'vitest'
import type { ShowRequest } from '../../contracts/http.ts'
import { decodeDefinition, define, encodeDefinition, showOf } from './definition.ts'
import { POLICY_DEFAULTS } from './show.ts'

const request: ShowRequest = {
  showId: 'opening',
  name: 'Opening night',
  startsAt: '2030-01-01T20:00:00+09:00',
  currency: 'KRW',
  sections: [{ id: 'A', name: 'Stalls', price: 100, rows: [{ id: '1', seats: 10 }] }],
}

/** The definition of a request that has no faults. */
function defined(change: Partial<ShowRequest> = {}) {
  const outcome = define({ ...request, ...change })
  if (outcome.type !== 'defined') throw new Error('the request is faulty')
  return outcome.definition
}

describe('the definition of a show', () => {
  test('has every default filled in and its time in UTC', () => {
    expect(defined({ policy: { holdTtlMs: 2_000 } })).toEqual({
      ...request,
      startsAt: '2030-01-01T11:00:00.000Z',
      policy: { ...POLICY_DEFAULTS, holdTtlMs: 2_000 },
    })
  })

  test('gets an id when it has none, each time another', () => {
    const { showId: _, ...anonymous } = request
    const ids = [define(anonymous), define(anonymous)].map(
      (outcome) => outcome.type === 'defined' && outcome.definition.showId,
    )
    expect(ids[0]).toMatch(/^show_[0-9a-z]{26}$/)
    expect(ids[0]).not.toBe(ids[1])
  })

  test('reads the same whatever the order of members, defaults spelt out or not', () => {
    const spelt = defined({
      policy: { ...POLICY_DEFAULTS },
      sections: [{ rows: [{ seats: 10, id: '1' }], price: 100, name: 'Stalls', id: 'A' }],
    })
    expect(encodeDefinition(spelt)).toBe(encodeDefinition(defined()))
  })

  test('drops members that this version does not know', () => {
    const outline = { sections: [{ ...request.sections[0], outline: [[0, 0]] }] }
    expect(encodeDefinition(defined(outline as Partial<ShowRequest>))).toBe(
      encodeDefinition(defined()),
    )
  })

  test('survives being stored', () => {
    const definition = defined()
    const { policy, sections } = definition
    expect(decodeDefinition(encodeDefinition(definition))).toEqual({ policy, sections })
  })

  test('is faulty when a row is named twice, and says where', () => {
    const rows = [
      { id: '1', seats: 1 },
      { id: '1', seats: 1 },
    ]
    const outcome = define({ ...request, sections: [{ id: 'A', name: 'A', price: 1, rows }] })
    expect(outcome).toMatchObject({ type: 'faulty', faults: [{ path: '/sections/0/rows/1/id' }] })
  })

  test('has a validator that follows its content', () => {
    const { etag } = showOf(defined(), 0)
    expect(etag).toMatch(/^"[A-Za-z0-9_-]{22}"$/)
    expect(showOf(defined(), 5).etag).toBe(etag)
    expect(showOf(defined({ name: 'Closing night' }), 0).etag).not.toBe(etag)
  })
})
