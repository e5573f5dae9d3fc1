import { describe, expect, it } from 'vitest'
import {
  findEnvironmentReads,
  findLongFiles,
  findLongFunctions,
  findMissingSamples,
  findShellWrappedScripts,
  findUnboundScripts,
} from './rules.ts'

const lines = (count: number, line = 'work()'): string => `${line}\n`.repeat(count)

describe('the length of files', () => {
  it('may be 400 lines and no more', () => {
    const good = { path: 'a.ts', text: lines(400) }
    const long = { path: 'b.lua', text: lines(401, '-- words') }
    expect(findLongFiles([good, long])).toEqual([
      { path: 'b.lua', line: 401, problem: 'the file has 401 lines; at most 400' },
    ])
  })
})

describe('the length of functions', () => {
  const problemsOf = (text: string): string[] =>
    findLongFunctions({ path: 'a.ts', text }).map(({ line, problem }) => `${line}: ${problem}`)

  it('may be 70 lines, head and closing brace included', () => {
    expect(problemsOf(`function fits() {\n${lines(68)}}\n`)).toEqual([])
    expect(problemsOf(`\nfunction does() {\n${lines(69)}}\n`)).toEqual([
      '2: does has 71 lines; at most 70',
    ])
  })

  it('is measured for methods, arrows and nested functions too', () => {
    const arrow = `const inner = () => {\n${lines(70)}}\n`
    expect(problemsOf(arrow)).toEqual(['1: inner has 72 lines; at most 70'])
    expect(problemsOf(`class A {\n  run(): void {\n${lines(70)}}\n}\n`)).toHaveLength(1)
    expect(problemsOf(`function outer() {\n${arrow}}\n`)).toHaveLength(2)
  })

  it('does not count for a group of tests, but for a test', () => {
    expect(problemsOf(`describe('x', () => {\n${lines(90)}})\n`)).toEqual([])
    expect(problemsOf(`it('x', () => {\n${lines(90)}})\n`)).toHaveLength(1)
  })
})

describe('the environment', () => {
  const text = 'const home = process.env.HOME\n// process.env in a comment is none\n'

  it('is read by entries, config loaders and tests', () => {
    for (const path of [
      'ticket/main.ts',
      'ticket/config.ts',
      'vitest.config.ts',
      'a.int.test.ts',
    ]) {
      expect(findEnvironmentReads({ path, text })).toEqual([])
    }
  })

  it('is read by nobody else', () => {
    const [finding, ...more] = findEnvironmentReads({ path: 'ticket/domain.ts', text })
    expect(finding).toMatchObject({ path: 'ticket/domain.ts', line: 1 })
    expect(more).toEqual([])
  })
})

describe('the bindings of Lua scripts', () => {
  const script = { path: 'lua/scripts/holdSeats.lua', text: '#!lua' }
  const binding = (name: string) => ({
    path: 'lua/scripts/buyer.ts',
    text: `export const x = defineScript<A, B>({\n  name: '${name}',\n})\n`,
  })

  it('are one per script', () => {
    expect(findUnboundScripts([script, binding('holdSeats')])).toEqual([])
    expect(findUnboundScripts([script])).toMatchObject([{ path: script.path }])
    const twice = [script, binding('holdSeats'), binding('holdSeats')]
    expect(findUnboundScripts(twice)).toMatchObject([{ path: script.path }])
  })

  it('have a script', () => {
    const findings = findUnboundScripts([script, binding('holdSeats'), binding('sellSeats')])
    expect(findings).toMatchObject([{ problem: 'lua/scripts/sellSeats.lua is missing' }])
  })
})

describe('golden samples', () => {
  it('exist for the current version of every topic', () => {
    const topics = ['seat_confirm', 'seat_cancel']
    const paths = ['contracts/samples/seat_confirm.v1.json']
    expect(findMissingSamples({ topics, version: 1, paths })).toMatchObject([
      { path: 'contracts/samples/seat_cancel.v1.json' },
    ])
    expect(findMissingSamples({ topics, version: 2, paths })).toHaveLength(2)
  })
})

describe('npm scripts', () => {
  it('run in the place of the shell that npm starts them with', () => {
    const good = { prestart: 'node a.mjs', start: 'exec node b.mjs' }
    expect(findShellWrappedScripts(good)).toEqual([])
    expect(findShellWrappedScripts({ ...good, test: 'node c.mjs' })).toMatchObject([
      { problem: expect.stringContaining('the script test ') },
    ])
  })
})
