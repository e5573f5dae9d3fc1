/** The machine and the programs that a report was made with. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../systems/stage.ts'

export interface Machine {
  cpu: string
  cores: number
  memoryGib: number
  system: string
}

export function readMachine(): Machine {
  const all = cpus()
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
  }
}

/** The first line of what a program says, or `unknown` where it cannot be asked. */
function ask(command: string, args: readonly string[]): string {
  try {
    const output = execFileSync(command, args, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return output.trim().split('\n')[0] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

/** Node, Kafka's pinned version, and the commit that was measured. Servers tell theirs themselves. */
export function readVersions(): Record<string, string> {
  const pom = readFileSync(join(ROOT, 'ops/kafka/pom.xml'), 'utf8')
  const changed = ask('git', ['status', '--porcelain', '--untracked-files=no'])
  const commit = ask('git', ['rev-parse', '--short', 'HEAD'])
  return {
    node: process.version,
    kafka: /<kafka\.version>([^<]+)</.exec(pom)?.[1] ?? 'unknown',
    holdfast: changed === '' || changed === 'unknown' ? commit : `${commit} with changes`,
  }
}
