import { describe, expect, it } from 'vitest'
import { withoutStatements } from './log.ts'

describe('an error in the log', () => {
  it('tells of its causes, but not the values of statements', () => {
    const cause = Object.assign(new Error('refused'), { code: 'ER_X', sql: "VALUES ('me@x.org')" })
    const logged = withoutStatements(new Error('no rows', { cause }))
    expect(logged).toMatchObject({ message: expect.stringContaining('no rows') })
    expect(JSON.stringify(logged)).toContain('ER_X')
    expect(JSON.stringify(logged)).not.toContain('me@x.org')
  })
})
