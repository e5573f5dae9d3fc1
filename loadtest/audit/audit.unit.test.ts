import { describe, expect, it } from 'vitest'
import { auditOf, joinAudits } from './audit.ts'

const finding = (invariant: string, words: string) => ({ invariant, words })

describe('auditOf', () => {
  it('is ok when nothing was found', () => {
    expect(auditOf({ counts: { orders: 3 }, findings: [] })).toEqual({
      ok: true,
      counts: { orders: 3, findings: 0 },
      findings: [],
    })
  })

  it('counts findings by invariant', () => {
    const findings = [finding('I1', 'a'), finding('I5', 'b'), finding('I1', 'c')]
    const { ok, counts } = auditOf({ counts: {}, findings })
    expect(ok).toBe(false)
    expect(counts).toEqual({ findings: 3, I1Findings: 2, I5Findings: 1 })
  })

  it('tells the first of many', () => {
    const many = Array.from({ length: 1_000 }, (_, at) => finding('I6', String(at)))
    expect(auditOf({ counts: {}, findings: many }).findings).toHaveLength(20)
  })
})

describe('joinAudits', () => {
  it('adds counts up, and is ok only when all are', () => {
    const good = auditOf({ counts: { orders: 3 }, findings: [] })
    const bad = auditOf({ counts: { orders: 2 }, findings: [finding('I1', 'two tickets')] })
    expect(joinAudits([good, bad])).toEqual({
      ok: false,
      counts: { orders: 5, findings: 1, I1Findings: 1 },
      findings: ['I1: two tickets'],
    })
    expect(joinAudits([good, good]).ok).toBe(true)
  })
})
