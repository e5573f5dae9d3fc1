/** The same closed loop with k6, the tool of the trade, which costs as much CPU as an order does. */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { OrdersPlan, OrdersSummary } from '../k6/plan.ts'
import { startK6 } from '../k6/run.ts'
import { cpuMsOf, startCpuMeter } from '../systems/cpu.ts'
import { processesOf, type SystemUnderTest } from '../systems/system.ts'
import { type Duration, ORDERS_UNDER_WAY_PER_BUYER, restOf } from './lightPhase.ts'
import type { Measured } from './phase.ts'
import { HALL, type Stock } from './stock.ts'

export interface K6PhaseOptions extends Duration {
  k6: string
  buyers: number
  environment: Readonly<Record<string, string>>
  signal: AbortSignal
}

/** Runs k6 against a system: warm-up, window, rest. */
export async function runK6Phase(
  system: SystemUnderTest,
  stock: Stock,
  options: K6PhaseOptions,
): Promise<Measured> {
  const { k6, buyers, warmUpS, seconds, environment, signal } = options
  const plan: Omit<OrdersPlan, 'summaryFile'> = {
    http: system.http,
    tokens: stock.tokens,
    showIds: stock.seats.showIds,
    rows: HALL.rows,
    seatsPerRow: HALL.seatsPerRow,
    keyPrefix: randomBytes(6).toString('hex'),
    buyers,
    waitEvery: system.isAsynchronous ? ORDERS_UNDER_WAY_PER_BUYER : 0,
    warmUpS,
    seconds,
  }
  const { dir } = system.stage
  const run = startK6({ k6, script: 'orders.ts', plan, dir, environment, signal })
  const window = await run.window
  await pause(Math.max(0, window.fromMs - Date.now()), undefined, { signal })
  const readCpu = startCpuMeter(() => processesOf(system))
  const k6CpuMs = cpuMsOf(run.pid)
  await pause(Math.max(0, window.untilMs - Date.now()), undefined, { signal })
  const cpu = readCpu()
  const cpuMs = cpuMsOf(run.pid) - k6CpuMs
  const { failed, ...counted } = (await run.summary) as OrdersSummary
  const restMs = await restOf(system, { since: window.untilMs, signal })
  const completions = await system.books.completions(window)
  const failures: Record<string, number> = failed > 0 ? { any: failed } : {}
  return {
    ...{ generator: 'k6', window, cpu, completions, restMs },
    seen: { ...counted, failures, buyers, cpuMs },
  }
}
