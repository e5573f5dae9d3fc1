import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { endMarked, readProcessRegistry } from '../../platform/infra/processes.ts'
import { testInfra, waitFor } from '../../platform/testing/infra.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

let folder: string
let demo: ChildProcess | null

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-'))
  demo = null
})

afterEach(async () => {
  demo?.kill('SIGKILL')
  const supervisor = join(folder, 'supervisor.json')
  const left = [...readProcessRegistry(join(folder, 'processes.json'))]
  await endMarked(left, { graceMs: 2_000 })
  expect(existsSync(supervisor)).toBe(false)
  rmSync(folder, { recursive: true, force: true })
})

it.each(['SIGINT', 'SIGTERM'] as const)(
  'leaves no system behind when it gets %s',
  async (signal) => {
    const { redisUrl, mysqlUrl, kafkaBrokers } = await testInfra()
    const env = { REDIS_URL: redisUrl, MYSQL_URL: mysqlUrl, KAFKA_BROKERS: kafkaBrokers }
    const child = spawn(process.execPath, ['scripts/run.mjs', 'scripts/demo/fakes/main.ts'], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, FAKE_FOLDER: folder, ...env },
    })
    demo = child
    let complaint = ''
    child.stderr.on('data', (data) => {
      complaint += data
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await waitFor('a system that starts', () => existsSync(join(folder, 'processes.json')), {
      timeoutMs: 30_000,
    })
    child.kill(signal)
    // npm passes on what the terminal has told already.
    child.kill(signal)
    expect(await ended).toBe(1)
    expect(complaint).toBe('')
    expect(existsSync(join(folder, 'supervisor.json'))).toBe(false)
    expect(readProcessRegistry(join(folder, 'processes.json'))).toEqual([])
  },
)
