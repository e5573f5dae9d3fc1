import { afterEach, describe, expect, it } from 'vitest'
import { activateFailpoints, failpoint } from './failpoints.ts'

describe('failpoint', () => {
  afterEach(() => {
    activateFailpoints('')
  })

  it('does nothing when no failpoint is named', () => {
    expect(activateFailpoints('')).toEqual([])
    expect(() => failpoint('sql.before-commit')).not.toThrow()
  })

  it('throws at the named place, at every pass', () => {
    activateFailpoints('sql.before-commit=throw')
    expect(() => failpoint('sql.before-commit')).toThrow('failpoint sql.before-commit')
    expect(() => failpoint('sql.before-commit')).toThrow()
    expect(() => failpoint('sql.after-commit')).not.toThrow()
  })

  it('can pretend a bug', () => {
    activateFailpoints('consumer.before-apply=bug')
    expect(() => failpoint('consumer.before-apply')).toThrow(TypeError)
  })

  it('strikes at the given pass only', () => {
    activateFailpoints('outbox.before-send=throw@2, consumer.after-apply=throw@1')
    expect(() => failpoint('outbox.before-send')).not.toThrow()
    expect(() => failpoint('outbox.before-send')).toThrow()
    expect(() => failpoint('outbox.before-send')).not.toThrow()
    expect(() => failpoint('consumer.after-apply')).toThrow()
  })

  it('names every part of a list that it cannot read', () => {
    const problems = activateFailpoints('a.b=kill,c.d,e.f=explode,g.h=throw@0')
    expect(problems.map((one) => one.split(' ')[0])).toEqual([
      '"c.d"',
      '"e.f=explode"',
      '"g.h=throw@0"',
    ])
    expect(() => failpoint('a.b')).not.toThrow()
  })
})
