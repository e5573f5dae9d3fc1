import { setTimeout as pause } from 'node:timers/promises'

const LOOK_EVERY_MS = 10

/** Looks again and again until it is so. Throws, naming `what`, after `withinMs`. */
export async function waitUntil(
  isSo: () => boolean | Promise<boolean>,
  { withinMs, what }: { withinMs: number; what: string },
): Promise<void> {
  const giveUpAt = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`${what} did not come within ${withinMs} ms`)
    await pause(LOOK_EVERY_MS)
  }
}
