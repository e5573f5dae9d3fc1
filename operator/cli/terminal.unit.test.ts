import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Interrupt } from './terminal.ts'

function watched() {
  const exits: number[] = []
  const clock = { ms: 0 }
  const signals = Object.assign(new EventEmitter(), {
    exit: (status: number) => exits.push(status),
  })
  return { exits, clock, signals, interrupt: new Interrupt(signals, () => clock.ms) }
}

describe('Ctrl-C', () => {
  it('ends a command that only looks at once', () => {
    const { exits, signals } = watched()
    signals.emit('SIGINT')
    expect(exits).toEqual([1])
  })

  it('asks a command to stop that does so by itself, and ends it when it is pressed again', async () => {
    const { exits, clock, signals, interrupt } = watched()
    interrupt.postpone()
    expect(interrupt.isAsked).toBe(false)
    signals.emit('SIGINT')
    await interrupt.asked()
    clock.ms = 1_000
    signals.emit('SIGTERM')
    expect(exits).toEqual([1])
  })

  it('is one press also where npm sends it on', () => {
    const { exits, clock, signals, interrupt } = watched()
    interrupt.postpone()
    signals.emit('SIGINT')
    clock.ms = 20
    signals.emit('SIGINT')
    expect(exits).toEqual([])
  })

  it('is nobody’s any more once the command has ended', () => {
    const { signals, interrupt } = watched()
    interrupt.close()
    expect(signals.listenerCount('SIGINT') + signals.listenerCount('SIGTERM')).toBe(0)
  })
})
