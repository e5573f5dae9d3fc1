import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { defineScript, loadedScripts } from './defineScript.ts'
import { checkBinding, type Declared, parseHeader } from './header.ts'
import { KEY_KINDS } from './keys.ts'
import './seatScripts.ts'

const FOLDER = new URL('scripts/', import.meta.url)
const luaFiles = readdirSync(FOLDER).filter((name) => name.endsWith('.lua'))
const textOf = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8')

describe('the scripts', () => {
  it('have exactly one binding each', () => {
    const bound = loadedScripts().map(({ name }) => `${name}.lua`)
    expect(bound.sort()).toEqual(luaFiles.sort())
  })

  it.each(luaFiles)('%s uses each declared key and argument by its place', (name) => {
    const header = parseHeader(name, textOf(name))
    const body = textOf(name).replace(/^#!lua.*\n--\[\[[\s\S]*?\]\]\n/, '')
    const places = [...body.matchAll(/KEYS\[(\d+)\]/g)].map((match) => Number(match[1]))
    expect(Math.max(0, ...places)).toBeLessThanOrEqual(header.keys.length)
    const before = /KEYS_BEFORE.* = (\d+)/.exec(body)
    if (before) expect(Number(before[1])).toBe(header.keys.length)
    const each = /ARGS_EACH = (?:\d+, )*(\d+)/.exec(body)
    if (each) expect(Number(each[1])).toBe(header.each?.args.length)
  })

  it('have their includes put in, each once', () => {
    for (const { name, source } of loadedScripts()) {
      expect(source, name).toMatch(/^#!lua/)
      expect(source, name).not.toContain('@include')
      const functions = [...source.matchAll(/^local function (\w+)/gm)].map((match) => match[1])
      expect(new Set(functions).size, name).toBe(functions.length)
    }
  })

  it('never ask for keys by pattern, and never build a key', () => {
    for (const { name, source } of loadedScripts()) {
      expect(source, name).not.toMatch(/'(KEYS|SCAN|HSCAN|RANDOMKEY|FLUSHDB|EVAL)'/i)
      const body = source.replace(/--\[\[[\s\S]*?\]\]/, '')
      expect(body, name).not.toMatch(/['"]?\{s\d*/)
    }
  })
})

describe('the tables of the README', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')

  it('name every script with its keys and outcomes', () => {
    const rows = [...readme.matchAll(/^\| (\w+)(?: \*)? \| ([\w; ]+) \| (`[A-Z].*) \|$/gm)]
    const told = rows.map(([, name, keys, outcomes = '']) => {
      const tags = [...outcomes.matchAll(/`([A-Z_]+)/g)].map((match) => match[1])
      return { name, keys, tags: tags.sort() }
    })
    const scripts = loadedScripts().map(({ name, header }) => {
      const each = header.each ? `; each ${namesOf(header.each.keys)}` : ''
      const tags = header.tags.filter((tag) => tag !== 'NO_EPOCH')
      return { name, keys: namesOf(header.keys) + each, tags: tags.sort() }
    })
    const byName = (a: { name?: string }, b: { name?: string }) =>
      String(a.name).localeCompare(String(b.name))
    expect(told.sort(byName)).toEqual(scripts.sort(byName))
  })

  it('name every key with its type', () => {
    for (const [name, { type, pattern }] of Object.entries(KEY_KINDS)) {
      if (name !== 'key') expect(readme).toContain(`| \`${pattern}\` | ${type} |`)
    }
  })
})

const namesOf = (keys: readonly { name: string }[]) => keys.map(({ name }) => name).join(' ')

describe('a binding that differs from its header', () => {
  const args = { token: () => '', pastId: () => '' }
  const outcomes = { OPENED: () => '', OPEN: () => '', NOT_LEADER: () => '' }
  const same = { keys: ['lease', 'epoch', 'log'], args, outcomes }
  const header = parseHeader('openShard', textOf('openShard.lua'))
  const check = (binding: Declared, each?: Declared) => () =>
    checkBinding('openShard', header, binding, each)

  it('loads only when it is the same', () => {
    expect(check(same)).not.toThrow()
    expect(check({ ...same, keys: ['lease', 'log', 'epoch'] })).toThrow('differ in KEYS')
    expect(check({ ...same, keys: ['lease', 'epoch'] })).toThrow('differ in KEYS')
    expect(check({ ...same, args: { pastId: '', token: '' } })).toThrow('differ in ARGV')
    expect(check({ ...same, outcomes: { ...outcomes, MORE: '' } })).toThrow('differ in RETURNS')
    expect(check({ ...same, outcomes: { OPENED: '' } })).toThrow('differ in RETURNS')
    expect(check(same, { keys: ['seats'], args: {}, outcomes: {} })).toThrow('KEYS of each')
    expect(check(same, { keys: [], args: { n: '' }, outcomes: {} })).toThrow('ARGV of each')
  })

  it('does not load when the script is bound already', () => {
    const binding = { ...same, name: 'openShard', keys: ['lease', 'epoch', 'log'] as const }
    expect(() => defineScript(binding)).toThrow('two bindings')
  })

  it('does not load with a key of another type or pattern', () => {
    const text = textOf('openShard.lua').replace('string  {sNN}:lease', 'hash  {sNN}:lease')
    const changed = parseHeader('openShard', text)
    expect(() => checkBinding('openShard', changed, same)).toThrow('the key lease is not as')
  })

  it('does not load without a complete header', () => {
    const parse = (text: string) => () => parseHeader('it', text)
    expect(parse('return 1')).toThrow('no header')
    expect(parse('--[[ Late.\n  KEYS\n ]]\nreturn 1')).toThrow('no header')
    expect(parse('#!lua\n--[[ No keys.\n  RETURNS\n    DONE ]]\nreturn 1')).toThrow('must name')
    const untyped = '#!lua\n--[[ It.\n  KEYS\n    epoch\n  RETURNS\n    DONE ]]\nreturn 1'
    expect(parse(untyped)).toThrow('must say name, type and pattern')
  })
})
