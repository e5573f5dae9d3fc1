/**
 * Waits for `promise` to settle, at most `limitMs`. What it settles with, an error included, is of
 * no interest: this is for clean-ups that must not hang because Redis is away.
 */
export async function within(promise: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([promise.then(ignore, ignore), limit])
  clearTimeout(timer)
}

const ignore = (): void => undefined
