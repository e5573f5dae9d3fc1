/** Vitest's global set-up: gives every test file of a run the address of the run's servers. */
import { rmSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { loadTestEnvironment } from './config.ts'
import { type InfraHost, openInfraHost } from './host.ts'
import { openRun } from './runs.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Absent in projects without this set-up. */
    holdfast: { hostUrl: string; runDir: string; evidenceDir: string | null; isFull: boolean }
  }
}

interface Run {
  runDir: string
  host: InfraHost
  users: number
}

/** Each project loads this module anew, and all of them share one run. */
const shared = globalThis as typeof globalThis & { holdfastTestRun?: Promise<Run> }

async function beginRun(): Promise<Run> {
  const runDir = await openRun()
  const host = await openInfraHost({ runDir, environment: loadTestEnvironment() })
  return { runDir, host, users: 0 }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.holdfastTestRun ??= beginRun()
  const run = await shared.holdfastTestRun
  run.users += 1
  const { evidenceDir, isFull } = loadTestEnvironment()
  const { runDir, host } = run
  project.provide('holdfast', {
    hostUrl: host.url,
    runDir,
    evidenceDir: evidenceDir ?? null,
    isFull,
  })
  return async () => {
    run.users -= 1
    if (run.users > 0) return
    delete shared.holdfastTestRun
    await host.stop()
    rmSync(runDir, { recursive: true, force: true })
  }
}
