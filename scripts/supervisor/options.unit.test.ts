import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'

describe('the options of npm start', () => {
  it('default to any port, the demo show and the data of the last run', () => {
    const options = { port: null, isSeeding: true, isCleaning: false }
    expect(parseOptions([])).toEqual({ type: 'start', options })
  })

  it('take a port in both spellings', () => {
    for (const args of [['--port', '9000'], ['--port=9000']]) {
      expect(parseOptions(args)).toMatchObject({ type: 'start', options: { port: 9000 } })
    }
  })

  it('can leave out the show and wipe the data', () => {
    const options = { port: null, isSeeding: false, isCleaning: true }
    expect(parseOptions(['--no-seed', '--clean'])).toEqual({ type: 'start', options })
  })

  it('know a request for help', () => {
    expect(parseOptions(['--help', '--no-seed'])).toEqual({ type: 'help' })
  })

  it.each([
    ['--port'],
    ['--port=0'],
    ['--port=65536'],
    ['--port=80.5'],
    ['--port=http'],
    ['--seed'],
    ['now'],
  ])('refuse %s', (...args) => {
    expect(parseOptions(args).type).toBe('wrong')
  })
})
