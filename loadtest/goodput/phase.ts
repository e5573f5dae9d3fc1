/** One generator against one system, once: what came of it. */
import { type Distribution, distributionOf } from '../statistics/summary.ts'
import { type CpuMs, totalCpuMs } from '../systems/cpu.ts'
import type { Completion, TimeWindow } from '../systems/orderBooks.ts'

export type GeneratorName = 'light' | 'k6'

/** What a generator saw in the window; latencies in ms. */
export interface GeneratorFigures {
  buyers: number
  accepted: number
  /** 503 with Retry-After: the buyer came back later, with the same key. */
  refused: number
  /** Every other answer that was not hoped for, by status; `0` is a lost connection. */
  failures: Record<string, number>
  /** Iterations that could not begin because nobody was free; 0 in a closed loop. */
  dropped: number
  holdMs: Distribution | null
  checkoutMs: Distribution | null
  ticketMs: Distribution | null
  cpuMs: number
}

export interface PhaseFigures extends GeneratorFigures {
  generator: GeneratorName
  windowS: number
  /** Completed in the window: paid for, ticketed, and the notice written. */
  orders: number
  seats: number
  ordersPerS: number
  seatsPerS: number
  /** Failures among all orders that came to an answer. */
  errorRate: number
  /** CPU of all server processes, brokers and databases included, per completed order. */
  cpuMsPerOrder: number
  cpuMsPerOrderBy: Record<string, number>
  generatorCpuMsPerOrder: number
  /** Completed orders in each second of the window. */
  ordersBySecond: number[]
  /** From the end of the window until nothing was under way. */
  restMs: number
}

export interface Measured {
  generator: GeneratorName
  window: TimeWindow
  seen: GeneratorFigures
  cpu: CpuMs
  completions: readonly Completion[]
  restMs: number
}

const MS_PER_S = 1_000

/** @throws RangeError when nothing was completed: a run without orders has no figures */
export function figuresOf(measured: Measured): PhaseFigures {
  const { generator, window, seen, cpu, completions, restMs } = measured
  const orders = completions.length
  if (orders === 0) throw new RangeError(`no order was completed; failures: ${told(seen)}`)
  const windowS = (window.untilMs - window.fromMs) / MS_PER_S
  const seats = completions.reduce((sum, one) => sum + one.seats, 0)
  const failed = Object.values(seen.failures).reduce((sum, count) => sum + count, 0)
  return {
    ...seen,
    generator,
    windowS,
    orders,
    seats,
    ordersPerS: orders / windowS,
    seatsPerS: seats / windowS,
    errorRate: failed / (seen.accepted + failed),
    cpuMsPerOrder: totalCpuMs(cpu) / orders,
    cpuMsPerOrderBy: Object.fromEntries([...cpu].map(([name, ms]) => [name, ms / orders])),
    generatorCpuMsPerOrder: seen.cpuMs / orders,
    ordersBySecond: bySecond(completions, window),
    restMs,
  }
}

const told = ({ failures }: GeneratorFigures): string => JSON.stringify(failures)

function bySecond(completions: readonly Completion[], { fromMs, untilMs }: TimeWindow): number[] {
  const counts = new Array<number>(Math.ceil((untilMs - fromMs) / MS_PER_S)).fill(0)
  for (const { completedAtMs } of completions) {
    const second = Math.floor((completedAtMs - fromMs) / MS_PER_S)
    counts[second] = (counts[second] ?? 0) + 1
  }
  return counts
}

/** Latencies as they were collected, in the shape that figures are told in. */
export const latenciesOf = (collected: {
  holdMs: readonly number[]
  checkoutMs: readonly number[]
  ticketMs: readonly number[]
}) => ({
  holdMs: distributionOf(collected.holdMs),
  checkoutMs: distributionOf(collected.checkoutMs),
  ticketMs: distributionOf(collected.ticketMs),
})
