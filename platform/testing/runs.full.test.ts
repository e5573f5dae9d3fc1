import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, inject, it } from 'vitest'
import { isRunning, markOf, readProcessRegistry } from '../infra/processes.ts'
import { waitFor } from './infra.ts'
import { openRun, registriesOf } from './runs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Runs vitest on a test that has servers and never ends. */
function startHangingRun() {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const config = 'platform/testing/fixtures/vitest.config.ts'
  const runner = spawn(process.execPath, [vitest, 'run', '--config', config], {
    cwd: ROOT,
    stdio: 'ignore',
  })
  const mark = markOf('runner', runner.pid as number)
  if (!mark) throw new Error('the runner has ended at once')
  // Runs stand side by side; each is named after the process it belongs to.
  const runDir = join(dirname(inject('holdfast').runDir), `${mark.pid}-${mark.startTime}`)
  const ended = new Promise((resolve) => runner.once('exit', resolve))
  return { runner, runDir, ended }
}

it('leaves no server and no data behind when a run is killed', async () => {
  const { runner, runDir, ended } = startHangingRun()
  try {
    const toldFile = join(runDir, 'told.json')
    await waitFor('servers', () => existsSync(toldFile), { timeoutMs: 50_000 })
    const told = JSON.parse(readFileSync(toldFile, 'utf8'))
    expect(told.own).not.toBe(told.redisUrl)
    const folder = registriesOf(runDir)
    const servers = readdirSync(folder).flatMap((name) => readProcessRegistry(join(folder, name)))
    expect(servers.map(({ name }) => name).toSorted()).toEqual([
      'kafka',
      'mariadb',
      'redis',
      'redis',
    ])
    expect(servers.every(isRunning)).toBe(true)

    runner.kill('SIGKILL')
    await ended
    const nextRunDir = await openRun()
    expect(servers.filter(isRunning)).toEqual([])
    expect(existsSync(runDir)).toBe(false)
    rmSync(nextRunDir, { recursive: true })
  } finally {
    runner.kill('SIGKILL')
  }
})
