/** What the k6 scripts have in common. */
import type { TrendSummary } from './plan.ts'

export interface Window {
  fromMs: number
  untilMs: number
}

/** Begins the window after the warm-up, and tells the bench when it is. */
export function openWindow(plan: { warmUpS: number; seconds: number }): Window {
  const fromMs = Date.now() + plan.warmUpS * 1000
  const untilMs = fromMs + plan.seconds * 1000
  console.log(`window ${fromMs} ${untilMs}`)
  return { fromMs, untilMs }
}

export const isWithin = ({ fromMs, untilMs }: Window, ms: number): boolean =>
  ms >= fromMs && ms < untilMs

export interface SummaryData {
  metrics: Record<string, { values: Record<string, number> } | undefined>
}

export const TREND_STATS = ['count', 'avg', 'p(50)', 'p(90)', 'p(99)', 'p(99.9)', 'max']

export const countIn = ({ metrics }: SummaryData, name: string): number =>
  metrics[name]?.values.count ?? 0

export function trendIn({ metrics }: SummaryData, name: string): TrendSummary | null {
  const values = metrics[name]?.values
  if (!values?.count) return null
  const value = (stat: string): number => values[stat] ?? Number.NaN
  return {
    count: value('count'),
    mean: value('avg'),
    p50: value('p(50)'),
    p90: value('p(90)'),
    p99: value('p(99)'),
    p999: value('p(99.9)'),
    max: value('max'),
  }
}
