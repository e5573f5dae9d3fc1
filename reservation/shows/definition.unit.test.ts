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
    const colour = { sections: [{ ...request.sections[0], colour: 'red' }] }
    expect(encodeDefinition(defined(colour as Partial<ShowRequest>))).toBe(
      encodeDefinition(defined()),
    )
  })

  test('survives being stored', () => {
    const definition = defined()
    const { policy, sections } = definition
    expect(decodeDefinition(encodeDefinition(definition))).toEqual({ policy, sections })
  })

  test('is stored without a word of geometry when it has none, as before there was any', () => {
    expect(Object.keys(JSON.parse(encodeDefinition(defined())))).toEqual(['policy', 'sections'])
  })

  test('keeps its geometry, in one spelling', () => {
    const row = { id: '1', seats: 2 }
    const outline = [0, 0, 9, 0, 9, 9]
    const spelt = (rows: ShowRequest['sections'][0]['rows'], geometry: object) =>
      defined({
        sections: [{ id: 'A', name: 'A', price: 1, rows, outline }],
        geometry: geometry as ShowRequest['geometry'],
      })
    const one = spelt([{ ...row, places: [1, 2, 3, 4] }], { seatSize: 1, stage: outline })
    const other = spelt([{ places: [1, 2, 3, 4], ...row }], { stage: outline, seatSize: 1, x: 1 })
    expect(encodeDefinition(other)).toBe(encodeDefinition(one))
    const { policy, sections, geometry } = one
    expect(decodeDefinition(encodeDefinition(one))).toEqual({ policy, sections, geometry })
    expect(sections[0]).toMatchObject({ outline, rows: [{ ...row, places: [1, 2, 3, 4] }] })
    expect(showOf(one, 0).etag).not.toBe(showOf(defined(), 0).etag)
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
