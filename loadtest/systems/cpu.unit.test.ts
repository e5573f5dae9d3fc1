import { describe, expect, it } from 'vitest'
import { cpuMsIn } from './cpu.ts'

describe('cpuMsIn', () => {
  it('adds user and system time of the process and of its ended children', () => {
    const before = 'S 1 2 3 4 5 6 7 8 9 10'
    expect(cpuMsIn(`4711 (node) ${before} 200 50 30 20 20 0 11 0 1234`)).toBe(3_000)
  })

  it('is not misled by a name with brackets and spaces', () => {
    expect(cpuMsIn('1 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 1 2 3 4 20')).toBe(100)
  })
})
