import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { waitFor } from '../testing/infra.ts'
import { type Child, startChild } from './child.ts'
import {
  endMarked,
  isRunning,
  markOf,
  openProcessRegistry,
  type ProcessMark,
  readProcessRegistry,
} from './processes.ts'

let folder: string
let sleepers: Child[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  sleepers = []
})

afterEach(async () => {
  for (const sleeper of sleepers) await sleeper.end({ graceMs: 0 })
  rmSync(folder, { recursive: true, force: true })
})

async function startSleeper(name = 'sleeper', script = 'setInterval(() => {}, 1000)') {
  const registry = openProcessRegistry(join(folder, `${name}.json`))
  const logFile = join(folder, `${name}.log`)
  const sleeper = await startChild({
    name,
    command: process.execPath,
    args: ['-e', `${script}; console.log('up')`],
    registry,
    logFile,
  })
  sleepers.push(sleeper)
  await waitFor('the sleeper', () => readFileSync(logFile, 'utf8').includes('up'))
  const mark = markOf(name, sleeper.pid)
  if (!mark) throw new Error('the sleeper has no mark')
  return { sleeper, mark, file: join(folder, `${name}.json`) }
}

describe('a process mark', () => {
  it('fits its process until that has ended', async () => {
    const { sleeper, mark } = await startSleeper()
    expect(isRunning(mark)).toBe(true)
    await sleeper.end()
    expect(isRunning(mark)).toBe(false)
  })

  it('does not fit another process that has the same pid', async () => {
    const { mark } = await startSleeper()
    const other: ProcessMark = { ...mark, startTime: String(Number(mark.startTime) - 1) }
    expect(isRunning(other)).toBe(false)
    expect(isRunning({ ...mark, bootId: 'another boot' })).toBe(false)
    expect(await endMarked([other])).toEqual([])
    expect(isRunning(mark)).toBe(true)
  })

  it('knows a zombie for ended', async () => {
    // The shell starts a child that ends at once, and becomes a program that never asks about it.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'])
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.once('data', (data) => resolve(Number(data)))
    })
    try {
      await waitFor('the zombie', () => {
        const mark = markOf('zombie', pid)
        return mark !== null && !isRunning(mark)
      })
    } finally {
      parent.kill('SIGKILL')
    }
  })
})

describe('the registry', () => {
  it('lists what runs and forgets what has ended', async () => {
    const { sleeper, mark, file } = await startSleeper()
    expect(readProcessRegistry(file)).toEqual([mark])
    await sleeper.end()
    expect(readProcessRegistry(file)).toEqual([])
  })

  it('is empty when the file is missing, broken or not ours', () => {
    const file = join(folder, 'other.json')
    expect(readProcessRegistry(file)).toEqual([])
    for (const text of ['{', 'null', '[{"pid":1,"startTime":"1","bootId":"x"}]', '[3,null]']) {
      writeFileSync(file, text)
      expect(readProcessRegistry(file)).toEqual([])
    }
  })
})

describe('endMarked', () => {
  it('ends a process that is frozen, and one that will not listen', async () => {
    const frozen = await startSleeper('frozen')
    frozen.sleeper.signal('SIGSTOP')
    const deaf = await startSleeper(
      'deaf',
      "process.on('SIGTERM', () => {}); setInterval(() => {}, 99)",
    )
    const ended = await endMarked([frozen.mark, deaf.mark], { graceMs: 300 })
    expect(ended).toHaveLength(2)
    expect((await frozen.sleeper.exited).signal).toBe('SIGTERM')
    expect((await deaf.sleeper.exited).signal).toBe('SIGKILL')
  })
})
