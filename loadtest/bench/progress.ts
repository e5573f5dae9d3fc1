/** One line per thing that happened, with the time since the start. */
export interface Progress {
  say(line: string): void
}

const MS_PER_MINUTE = 60_000

/** `03:07`, minutes and seconds. */
export function clockOf(elapsedMs: number): string {
  const minutes = Math.floor(elapsedMs / MS_PER_MINUTE)
  const seconds = Math.floor((elapsedMs % MS_PER_MINUTE) / 1_000)
  return `${String(minutes).padStart(2, '0')}:${String(seconds).padStart(2, '0')}`
}

export function openProgress(write: (text: string) => unknown): Progress {
  const startedAt = performance.now()
  return { say: (line) => write(`${clockOf(performance.now() - startedAt)}  ${line}\n`) }
}
