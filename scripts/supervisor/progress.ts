/** What the terminal shows: one line per step, done in order, and the few things worth a word. */
export interface Progress {
  say(line: string): void
  /**
   * Shows the step, waits for the work and ticks it off with what it answers and its time, which
   * counts from `startedAt` (of performance.now()) where steps run side by side.
   */
  step(name: string, work: Promise<string>, startedAt?: number): Promise<void>
}

export interface Terminal {
  isTTY?: boolean
  write(text: string): unknown
}

const NAME_WIDTH = 13
const CLEAR_LINE = '\r\u001b[2K'

/** Once `signal` has aborted, what fails does so because it was told to, and is not shown. */
export function openProgress(terminal: Terminal, signal?: AbortSignal): Progress {
  let isPending = false
  const put = (line: string): void => {
    terminal.write(`${isPending ? CLEAR_LINE : ''}${line}\n`)
    isPending = false
  }
  return {
    say: put,
    async step(name, work, startedAt = performance.now()) {
      const label = name.padEnd(NAME_WIDTH)
      if (terminal.isTTY) {
        terminal.write(`  ..  ${label}`)
        isPending = true
      }
      try {
        const detail = await work
        put(`  ok  ${label} ${detail}  (${secondsSince(startedAt)} s)`)
      } catch (error) {
        if (!signal?.aborted) put(` FAIL ${label}`)
        throw error
      }
    },
  }
}

export const secondsSince = (startedAt: number): string =>
  ((performance.now() - startedAt) / 1_000).toFixed(1)
