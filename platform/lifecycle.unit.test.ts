import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { type Component, runService } from './lifecycle.ts'
import { createLog } from './log.ts'

const log = createLog('test', 'silent')

/** A process to stop, which tells the status it would have ended with. */
class FakeProcess extends EventEmitter {
  readonly send: (() => void) | undefined
  readonly exits: number[] = []
  readonly exited: Promise<number>
  #resolve: (code: number) => void = () => undefined

  constructor(isSupervised = false) {
    super()
    this.send = isSupervised ? () => undefined : undefined
    this.exited = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  exit(code: number): void {
    this.exits.push(code)
    this.#resolve(code)
  }
}

function recorder(steps: string[]) {
  return (name: string, faults: { start?: Error; stop?: Error } = {}): Component => ({
    name,
    async start() {
      steps.push(`start ${name}`)
      if (faults.start) throw faults.start
    },
    async stop() {
      steps.push(`stop ${name}`)
      if (faults.stop) throw faults.stop
    },
  })
}

describe('runService', () => {
  it('starts in order and stops in reverse on a signal, with status 0', async () => {
    const steps: string[] = []
    const make = recorder(steps)
    const process = new FakeProcess()
    await runService('x', [make('a'), make('b')], log, process)
    expect(steps).toEqual(['start a', 'start b'])
    process.emit('SIGTERM')
    expect(await process.exited).toBe(0)
    expect(steps.slice(2)).toEqual(['stop b', 'stop a'])
  })

  it('stops everything even when one stop fails, and says so by its status', async () => {
    const steps: string[] = []
    const make = recorder(steps)
    const process = new FakeProcess()
    await runService('x', [make('a'), make('b', { stop: new Error('stuck') })], log, process)
    process.emit('SIGINT')
    expect(await process.exited).toBe(1)
    expect(steps.slice(2)).toEqual(['stop b', 'stop a'])
  })

  it('stops what had started when a start fails, with status 1', async () => {
    const steps: string[] = []
    const make = recorder(steps)
    const process = new FakeProcess()
    const components = [make('a'), make('b', { start: new Error('no') }), make('c')]
    await runService('x', components, log, process)
    expect(await process.exited).toBe(1)
    expect(steps).toEqual(['start a', 'start b', 'stop b', 'stop a'])
  })

  it('stops once, and a second signal ends the process at once', async () => {
    const steps: string[] = []
    const process = new FakeProcess()
    const slow: Component = {
      name: 'slow',
      start: async () => undefined,
      stop: () => {
        steps.push('stop slow')
        return new Promise(() => undefined)
      },
    }
    await runService('x', [slow], log, process)
    process.emit('SIGTERM')
    expect(process.exits).toEqual([])
    process.emit('SIGTERM')
    expect(process.exits).toEqual([1])
    expect(steps).toEqual(['stop slow'])
  })

  it.each(['unhandledRejection', 'uncaughtException'])(
    'ends with status 1 on %s',
    async (event) => {
      const steps: string[] = []
      const process = new FakeProcess()
      await runService('x', [recorder(steps)('a')], log, process)
      process.emit(event, new Error('bug'))
      expect(await process.exited).toBe(1)
      expect(steps).toEqual(['start a', 'stop a'])
    },
  )

  it('ends with status 1 when a component reports that it cannot go on', async () => {
    const steps: string[] = []
    const process = new FakeProcess()
    let report: (error: unknown) => void = () => undefined
    const consumer = {
      ...recorder(steps)('consumer'),
      onFatal: (r: typeof report) => {
        report = r
      },
    }
    await runService('x', [consumer], log, process)
    report(new Error('crashed for good'))
    expect(await process.exited).toBe(1)
    expect(steps).toEqual(['start consumer', 'stop consumer'])
  })

  it('stops when its supervisor disappears, with status 0', async () => {
    const steps: string[] = []
    const process = new FakeProcess(true)
    await runService('x', [recorder(steps)('a')], log, process)
    process.emit('disconnect')
    expect(await process.exited).toBe(0)
    expect(steps).toEqual(['start a', 'stop a'])
  })
})
