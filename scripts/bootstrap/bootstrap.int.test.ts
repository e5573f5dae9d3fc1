import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const SCRIPTS = fileURLToPath(new URL('..', import.meta.url))
/** In npm's place: writes down how it was called, takes a while, and leaves npm's own record. */
const FAKE_NPM = `
import { appendFileSync, copyFileSync, mkdirSync } from 'node:fs'
appendFileSync('calls', process.argv.slice(2).join(' ') + ' NODE_ENV=' + process.env.NODE_ENV + '\\n')
setTimeout(() => {
  mkdirSync('node_modules/vitest', { recursive: true })
  copyFileSync('package-lock.json', 'node_modules/.package-lock.json')
  appendFileSync('node_modules/vitest/package.json', '{}')
}, 200)
`
const FAKE_VITE = `
const { appendFileSync, mkdirSync } = require('node:fs')
appendFileSync('calls', 'vite ' + process.argv.slice(2, 4).join(' ') + '\\n')
mkdirSync('web/dist', { recursive: true })
`
const NAMED = { REDIS_URL: 'redis://r', MYSQL_URL: 'mysql://m', KAFKA_BROKERS: 'k:9092' }

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  mkdirSync(join(root, 'scripts'))
  for (const name of ['bootstrap.mjs', 'bootstrap']) {
    cpSync(join(SCRIPTS, name), join(root, 'scripts', name), { recursive: true })
  }
  writeFileSync(join(root, 'npm.mjs'), FAKE_NPM)
  writeFileSync(join(root, 'package.json'), '{ "engines": { "node": ">=20.11" } }')
  writeLock('1.0.0')
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const writeLock = (version: string): void =>
  writeFileSync(
    join(root, 'package-lock.json'),
    JSON.stringify({ packages: { '': {}, 'node_modules/a': { version, integrity: version } } }),
  )

const calls = (): string[] =>
  existsSync(join(root, 'calls'))
    ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n')
    : []

function bootstrap(
  purpose: string,
  env: Record<string, string> = {},
): Promise<{ status: number | null; text: string }> {
  const child = spawn(process.execPath, [join(root, 'scripts/bootstrap.mjs'), purpose], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, npm_execpath: join(root, 'npm.mjs'), ...env },
  })
  let text = ''
  child.stdout.on('data', (data) => {
    text += data
  })
  child.stderr.on('data', (data) => {
    text += data
  })
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, text })))
}

describe('the npm packages', () => {
  it('are installed once, with those for development whatever NODE_ENV says', async () => {
    const first = await bootstrap('check', { NODE_ENV: 'production' })
    expect(first.status).toBe(0)
    expect(first.text).toContain('bootstrap: installing the npm packages')
    expect(calls()).toEqual([expect.stringMatching(/^ci .*--include=dev.* NODE_ENV=$/)])
    expect(await bootstrap('check')).toEqual({ status: 0, text: '' })
    expect(calls()).toHaveLength(1)
  })

  it('are installed again when the lock file changes', async () => {
    await bootstrap('check')
    writeLock('2.0.0')
    await bootstrap('check')
    expect(calls()).toHaveLength(2)
  })

  it('are left as they are when somebody has installed the right ones by hand', async () => {
    mkdirSync(join(root, 'node_modules'))
    cpSync(join(root, 'package-lock.json'), join(root, 'node_modules/.package-lock.json'))
    expect(await bootstrap('check')).toEqual({ status: 0, text: '' })
    expect(calls()).toEqual([])
  })

  it('are installed once when two commands begin at the same time', async () => {
    const both = await Promise.all([bootstrap('check'), bootstrap('check')])
    expect(both.map(({ status }) => status)).toEqual([0, 0])
    expect(calls()).toHaveLength(1)
  })

  it('are installed though an earlier bootstrap was killed at its work', async () => {
    mkdirSync(join(root, '.holdfast'))
    const gone = spawn('true')
    await new Promise((resolve) => gone.once('close', resolve))
    writeFileSync(join(root, '.holdfast/bootstrap.lock'), String(gone.pid))
    expect((await bootstrap('check')).status).toBe(0)
    expect(calls()).toHaveLength(1)
  })

  it('are all that is needed when the environment names every server', async () => {
    expect((await bootstrap('start', NAMED)).status).toBe(0)
    expect(calls()).toHaveLength(1)
    expect(existsSync(join(root, '.holdfast/cache'))).toBe(false)
  })
})

describe('the seat picker', () => {
  const built = (): number => calls().filter((call) => call === 'vite build web').length

  beforeEach(() => {
    for (const folder of ['web', 'client', 'node_modules/vite/bin']) {
      mkdirSync(join(root, folder), { recursive: true })
    }
    writeFileSync(join(root, 'web/index.html'), '<title>1</title>')
    writeFileSync(join(root, 'client/sdk.ts'), 'export {}')
    writeFileSync(join(root, 'node_modules/vite/bin/vite.js'), FAKE_VITE)
    cpSync(join(root, 'package-lock.json'), join(root, 'node_modules/.package-lock.json'))
  })

  it('is built once, and again when anything that it is made of changes', async () => {
    expect((await bootstrap('build')).text).toContain('bootstrap: building the seat picker')
    expect(await bootstrap('start', NAMED)).toEqual({ status: 0, text: '' })
    expect(built()).toBe(1)
    writeFileSync(join(root, 'web/index.html'), '<title>2</title>')
    await bootstrap('start', NAMED)
    writeFileSync(join(root, 'client/sdk.ts'), 'export const more = 1')
    await bootstrap('build')
    writeFileSync(join(root, 'client/sdk.unit.test.ts'), 'a test is no part of the page')
    await bootstrap('build')
    expect(built()).toBe(3)
  })

  it('is left alone by a check', async () => {
    expect((await bootstrap('check')).status).toBe(0)
    expect(built()).toBe(0)
  })

  it('is missed, but stops nobody, where the packages for development were left out', async () => {
    rmSync(join(root, 'node_modules/vite'), { recursive: true })
    const { status, text } = await bootstrap('start', NAMED)
    expect(status).toBe(0)
    expect(text).toContain('the seat picker is not built anew')
  })

  it('is no page when its build has failed', async () => {
    writeFileSync(join(root, 'node_modules/vite/bin/vite.js'), 'process.exit(3)')
    const { status, text } = await bootstrap('build')
    expect(status).toBe(1)
    expect(text).toContain('the build of the seat picker failed with status 3')
  })
})

describe('what cannot be helped', () => {
  it('is a Node that is too old', async () => {
    writeFileSync(join(root, 'package.json'), '{ "engines": { "node": ">=99.0" } }')
    const { status, text } = await bootstrap('start')
    expect(status).toBe(1)
    expect(text).toContain(`needs Node 99.0 or newer, and this is ${process.version}`)
    expect(calls()).toEqual([])
  })

  it('is a word that it does not know', async () => {
    const { status, text } = await bootstrap('everything')
    expect(status).toBe(2)
    expect(text).toContain('<start|test|check|build>')
  })

  it('is an npm that fails', async () => {
    writeFileSync(join(root, 'npm.mjs'), 'process.exit(7)')
    const { status, text } = await bootstrap('check')
    expect(status).toBe(1)
    expect(text).toContain('failed with status 7')
    expect(existsSync(join(root, '.holdfast/bootstrap.lock'))).toBe(false)
  })
})
