/** CPU time of processes, as the kernel counts it (Linux, /proc). */
import { readFileSync } from 'node:fs'

/** The kernel shows times to programs in hundredths of a second, whatever its own clock does. */
const MS_PER_TICK = 10

export interface NamedProcess {
  /** What people call it: `redis`, `payment`. Processes of one name are added up. */
  name: string
  pid: number
}

/** CPU milliseconds by process name. */
export type CpuMs = ReadonlyMap<string, number>

/** User and system time of a process and of the children that it has waited for, in ms. */
export function cpuMsIn(stat: string): number {
  // The second field is the command in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0)
  return ticks * MS_PER_TICK
}

/** The CPU time of a running process; 0 when it has ended. */
export function cpuMsOf(pid: number | 'self'): number {
  try {
    return cpuMsIn(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return 0
  }
}

/** Resident memory of a process in bytes; 0 when it has ended. */
export function residentBytesOf(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kib ?? 0) * 1024
  } catch {
    return 0
  }
}

/** Notes the CPU time of every process now; the answer tells what was used since then. */
export function startCpuMeter(processes: () => readonly NamedProcess[]): () => CpuMs {
  const before = new Map(processes().map(({ pid }) => [pid, cpuMsOf(pid)]))
  return () => {
    const used = new Map<string, number>()
    for (const { name, pid } of processes()) {
      const ms = cpuMsOf(pid) - (before.get(pid) ?? 0)
      used.set(name, (used.get(name) ?? 0) + ms)
    }
    return used
  }
}

/** The sum over all processes, in ms. */
export const totalCpuMs = (cpu: CpuMs): number => [...cpu.values()].reduce((a, b) => a + b, 0)
