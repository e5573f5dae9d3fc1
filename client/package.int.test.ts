import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uniqueName } from '../platform/testing/infra.ts'

const run = promisify(execFile)
const HOME = dirname(fileURLToPath(import.meta.url))
const GZIPPED_BYTES_MAX = 6_000
/** Within the repository, so that the packages of a user (undici, Node's types) are found. */
const user = join(HOME, '../.holdfast', uniqueName('client-user'))
const installed = join(user, 'node_modules/holdfast-client')

beforeAll(async () => {
  mkdirSync(installed, { recursive: true })
  writeFileSync(join(user, 'package.json'), '{ "type": "module" }')
  symlinkSync(join(HOME, 'package.json'), join(installed, 'package.json'))
  await run(process.execPath, [join(HOME, 'build.mjs'), join(installed, 'dist')])
})
afterAll(() => rmSync(user, { recursive: true, force: true }))

/** What the compiler says about a program that uses the package; empty when it has no objection. */
async function compile(program: string, options: readonly string[]): Promise<string> {
  const file = join(user, `${uniqueName('program')}.ts`)
  writeFileSync(file, program)
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const strict = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext']
  try {
    await run(process.execPath, [tsc, ...strict, ...options, file], { cwd: user })
    return ''
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

const IN_NODE = ['--lib', 'es2023', '--types', 'node', '--skipLibCheck']
/** No package has global types there. */
const IN_BROWSERS = ['--lib', 'es2022,dom', '--typeRoots', '/nowhere']

const USE = `
  const watch = connection.watch('show')
  watch.on('change', ({ changes }) => changes.map(({ index, to }) => index + to))
  const outcome = await connection.hold('show', ['A-1-1'])
  if (outcome.type === 'refused' && outcome.problem.code === 'seats-taken') {
    const taken: string[] = outcome.problem.seatIds
    console.log(taken)
  }
  if (outcome.type === 'done') console.log(outcome.reservation.expiresAt)
`

describe('the package', () => {
  it('is under 6 kB gzipped when it is bundled', async () => {
    const bundled = await build({
      configFile: false,
      logLevel: 'silent',
      root: user,
      build: {
        write: false,
        minify: true,
        target: 'es2022',
        lib: { entry: join(installed, 'dist/holdfast.js'), formats: ['es'], fileName: 'bundle' },
      },
    })
    const [output] = [bundled].flat()
    if (!output || !('output' in output)) throw new Error('nothing was bundled')
    const bytes = gzipSync(output.output[0].code, { level: 9 }).length
    console.log(`holdfast-client: ${bytes} bytes, minified and gzipped`)
    expect(output.output).toHaveLength(1)
    expect(bytes).toBeGreaterThan(1_000)
    expect(bytes).toBeLessThanOrEqual(GZIPPED_BYTES_MAX)
  })

  it('is typed for browsers', async () => {
    const program = `
      import { connect } from 'holdfast-client'
      const connection = connect({ url: location.origin, WebSocket })
      ${USE}
    `
    expect(await compile(program, IN_BROWSERS)).toBe('')
  })

  it('is typed for Node, with the WebSocket of undici', async () => {
    const program = `
      import { connect, type Connection } from 'holdfast-client'
      import { WebSocket } from 'undici'
      const connection: Connection = connect({ url: 'http://localhost:8080', WebSocket })
      ${USE}
    `
    expect(await compile(program, IN_NODE)).toBe('')
  })

  it('has types that object to mistakes', async () => {
    const program = `
      import { connect } from 'holdfast-client'
      connect({ url: location.origin }).hold('show', 'A-1-1')
    `
    expect(await compile(program, IN_BROWSERS)).toMatch(/TS2345.*'string' is not assignable/)
  })

  it('needs no other package, and runs as it is', async () => {
    const { dependencies, peerDependencies } = JSON.parse(
      readFileSync(join(HOME, 'package.json'), 'utf8'),
    )
    expect([dependencies, peerDependencies]).toEqual([undefined, undefined])
    const script = `
      import { connect } from 'holdfast-client'
      try { connect({ url: 'nowhere' }) } catch (error) { console.log(error.name) }
    `
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: user,
    })
    expect(stdout).toBe('TypeError\n')
  })
})
