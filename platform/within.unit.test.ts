import { describe, expect, it } from 'vitest'
import { LATE, within } from './within.ts'

describe('within', () => {
  it('answers what the work answers in time', async () => {
    expect(await within(Promise.resolve(7), 1_000)).toBe(7)
  })

  it('throws what the work throws in time', async () => {
    await expect(within(Promise.reject(new Error('no')), 1_000)).rejects.toThrow('no')
  })

  it('does not wait longer than it may, and lets late work fail unheard', async () => {
    let reject: (error: Error) => void = () => undefined
    const promise = new Promise<number>((_, refuse) => {
      reject = refuse
    })
    expect(await within(promise, 1)).toBe(LATE)
    reject(new Error('nobody hears of this'))
  })
})
