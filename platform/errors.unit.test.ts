import { describe, expect, it } from 'vitest'
import { isDependencyDown, OperationalError } from './errors.ts'

const socketError = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })

describe('isDependencyDown', () => {
  it('believes an OperationalError, whatever its cause', () => {
    const down = new OperationalError('SQL_UNAVAILABLE', { retriable: true })
    const wrong = new OperationalError('CONFIG_INVALID', { retriable: false, cause: socketError })
    expect([down, wrong].map(isDependencyDown)).toEqual([true, false])
  })

  it('sees a socket at the root of any other error, also behind the TypeError of fetch', () => {
    const fetchFailed = new TypeError('fetch failed', { cause: socketError })
    expect([socketError, fetchFailed].map(isDependencyDown)).toEqual([true, true])
  })

  it('takes bugs and refusals for what they are', () => {
    const refused = Object.assign(new Error('denied'), { code: 'ER_ACCESS_DENIED_ERROR' })
    expect(
      [new TypeError('x is not a function'), refused, 'text', null].some(isDependencyDown),
    ).toBe(false)
  })
})
