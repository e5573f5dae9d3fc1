import { describe, expect, it } from 'vitest'
import { openProgress } from './progress.ts'

function recorder(isTTY: boolean) {
  let text = ''
  const write = (piece: string): void => {
    text += piece
  }
  return { terminal: { isTTY, write }, text: () => text }
}

describe('the progress list', () => {
  it('ticks a step off with what it answers', async () => {
    const { terminal, text } = recorder(false)
    await openProgress(terminal).step('redis', Promise.resolve('127.0.0.1:1'))
    expect(text()).toMatch(/^ {2}ok {2}redis +127\.0\.0\.1:1 {2}\(\d+\.\d s\)\n$/)
  })

  it('replaces a pending line on a terminal, also when something else is said meanwhile', async () => {
    const { terminal, text } = recorder(true)
    const progress = openProgress(terminal)
    let finish = (_detail: string): void => {}
    const step = progress.step(
      'kafka',
      new Promise((resolve) => {
        finish = resolve
      }),
    )
    expect(text()).toContain('..  kafka')
    progress.say('redis is back')
    finish('ready')
    await step
    expect(text()).toContain('\r\u001b[2Kredis is back\n')
    expect(text()).toContain('ok  kafka')
  })

  it('names the step that failed and hands the failure on', async () => {
    const { terminal, text } = recorder(false)
    const step = openProgress(terminal).step('mariadb', Promise.reject(new Error('no disk')))
    await expect(step).rejects.toThrow('no disk')
    expect(text()).toContain('FAIL mariadb')
  })
})
