/**
 * Which processes are ours. A pid alone proves nothing, for the kernel gives it away again; a pid
 * together with the moment the process started (field 22 of /proc/<pid>/stat) and the boot it
 * belongs to names one process for ever. Linux only, like everything that starts servers here.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** One process, told from every other that had or will have its pid. */
export interface ProcessMark {
  name: string
  pid: number
  /** Clock ticks between boot and the start of the process. */
  startTime: string
  bootId: string
}

const POLL_MS = 20

let bootId: string | undefined

function currentBootId(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return bootId
}

/** State letter and start time of a process, or null when there is none with this pid. */
function statOf(pid: number): { state: string; startTime: string } | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return null
  }
  // The second field is the command in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', startTime: fields[19] ?? '' }
}

/** Marks a running process, or answers null when it has ended already. */
export function markOf(name: string, pid: number): ProcessMark | null {
  const stat = statOf(pid)
  return stat && { name, pid, startTime: stat.startTime, bootId: currentBootId() }
}

/** Whether exactly the marked process still runs. A zombie does not run. */
export function isRunning(mark: ProcessMark): boolean {
  const stat = statOf(mark.pid)
  return (
    stat !== null &&
    stat.state !== 'Z' &&
    stat.startTime === mark.startTime &&
    mark.bootId === currentBootId()
  )
}

/** Sends a signal to the marked process only; answers whether there was one to receive it. */
export function signalMarked(mark: ProcessMark, signal: NodeJS.Signals): boolean {
  if (!isRunning(mark)) return false
  try {
    process.kill(mark.pid, signal)
    return true
  } catch {
    return false
  }
}

async function waitUntilGone(marks: readonly ProcessMark[], withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (marks.some(isRunning)) {
    if (performance.now() > deadline) return false
    await pause(POLL_MS)
  }
  return true
}

/**
 * Ends the marked processes: all get SIGTERM, those that still run after `graceMs` get SIGKILL.
 * Answers the ones that were running when it was called.
 */
export async function endMarked(
  marks: readonly ProcessMark[],
  { graceMs = 10_000 }: { graceMs?: number } = {},
): Promise<ProcessMark[]> {
  const running = marks.filter((mark) => signalMarked(mark, 'SIGTERM'))
  // A stopped process (SIGSTOP) takes its SIGTERM only once it is let go on.
  for (const mark of running) signalMarked(mark, 'SIGCONT')
  if (!(await waitUntilGone(running, graceMs))) {
    for (const mark of running) signalMarked(mark, 'SIGKILL')
    await waitUntilGone(running, graceMs)
  }
  return running
}

/** The processes that somebody started, kept in a file so that they can be found after a crash. */
export interface ProcessRegistry {
  add(name: string, pid: number): void
  remove(pid: number): void
  /** Removes the file. Call it when everything has been stopped. */
  clear(): void
}

/** Keeps the list in `file`, replaced as a whole at each change so that it is never half there. */
export function openProcessRegistry(file: string): ProcessRegistry {
  let marks: ProcessMark[] = []
  const write = (): void => {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.new`, `${JSON.stringify(marks, null, 2)}\n`, { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  return {
    add(name, pid) {
      const mark = markOf(name, pid)
      if (!mark) return
      marks = [...marks, mark]
      write()
    },
    remove(pid) {
      marks = marks.filter((mark) => mark.pid !== pid)
      write()
    },
    clear() {
      marks = []
      rmSync(file, { force: true })
    },
  }
}

const isMark = (value: unknown): value is ProcessMark => {
  const mark = value as ProcessMark | null
  return (
    typeof mark === 'object' &&
    mark !== null &&
    Number.isSafeInteger(mark.pid) &&
    mark.pid > 1 &&
    typeof mark.startTime === 'string' &&
    typeof mark.bootId === 'string'
  )
}

/** Reads the list that an earlier owner left in `file`; a missing or broken file is an empty one. */
export function readProcessRegistry(file: string): ProcessMark[] {
  try {
    const list: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return Array.isArray(list) ? list.filter(isMark) : []
  } catch {
    return []
  }
}
