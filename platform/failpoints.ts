/**
 * Named places where a test may let a process die or fail. Off unless the environment names them:
 *
 *   FAILPOINTS="consumer.after-apply=kill@3,outbox.before-send=throw"
 *
 * `kill` is a kill -9 of this very process, `freeze` stops it until somebody sends SIGCONT, `throw`
 * is a plain Error, `bug` a TypeError. `@n` means at the n-th pass and only then; without it, at
 * every pass.
 */

export const FAILPOINTS = [
  'outbox.before-send',
  'outbox.after-send',
  'outbox.before-mark',
  'consumer.handed-over',
  'consumer.before-apply',
  'consumer.after-apply',
  'consumer.before-commit',
  'consumer.before-dead-letter',
  'sql.before-commit',
  'sql.after-commit',
] as const

/** Any name is allowed, so that services add their own; the platform's are listed above. */
export type FailpointName = (typeof FAILPOINTS)[number] | (string & {})

interface Active {
  action: 'kill' | 'freeze' | 'throw' | 'bug'
  /** The pass at which it strikes, or null for every pass. */
  at: number | null
  passes: number
}

let active: Map<string, Active> | null = null

/** Parses a list as shown above; answers the problems, or [] when all is well and now active. */
export function activateFailpoints(list: string): string[] {
  const parsed = new Map<string, Active>()
  const problems: string[] = []
  for (const entry of list.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    const match = /^([a-z0-9.-]+)=(kill|freeze|throw|bug)(?:@([1-9][0-9]*))?$/.exec(entry)
    if (!match) {
      problems.push(`"${entry}" is not <name>=kill|freeze|throw|bug[@<pass>]`)
      continue
    }
    const [, name, action, pass] = match
    parsed.set(name as string, {
      action: action as Active['action'],
      at: pass ? Number(pass) : null,
      passes: 0,
    })
  }
  if (problems.length === 0) active = parsed.size > 0 ? parsed : null
  return problems
}

/** Strikes when a test asked for it here; costs one comparison when no failpoint is active. */
export function failpoint(name: FailpointName): void {
  if (active !== null) strike(active, name)
}

function strike(points: Map<string, Active>, name: string): void {
  const point = points.get(name)
  if (!point) return
  point.passes += 1
  if (point.at !== null && point.passes !== point.at) return
  if (point.action === 'kill') process.kill(process.pid, 'SIGKILL')
  if (point.action === 'freeze') {
    process.kill(process.pid, 'SIGSTOP')
    return
  }
  if (point.action === 'bug') throw new TypeError(`failpoint ${name}`)
  throw new Error(`failpoint ${name}`)
}
