/** Counterexamples in words. */
import { type Exploration, NAMES, type Violation } from './explore.ts'
import type { Model, World } from './model.ts'
import { standingOf } from './side.ts'

const STEP_WIDTH = 84

/** A run as numbered lines: who did what, and what the world then looked like. */
export function describeViolation(model: Model, violation: Violation): string {
  const lines = violation.trace.map(({ actor, label, world }, index) => {
    const who = actor === null ? '*' : NAMES[actor]
    const step = `${String(index + 1).padStart(3)}. ${who} ${label}`
    return `${step.padEnd(STEP_WIDTH)} | ${describeWorld(model, world)}`
  })
  return [...lines, `  => ${violation.says}`].join('\n')
}

function describeWorld(model: Model, world: World): string {
  const sides = world.sides.map((number, me) => {
    const side = model.side(number)
    const { status, owns } = standingOf(side)
    const parts = [`${status ?? '-'}${owns ? '+' : ''}`, side.payment?.state, side.ticket?.state]
    return `${NAMES[me]} ${parts.map((part) => part ?? '-').join('/')}`
  })
  const lag = world.log.length > 0 ? `  (${world.log.length} not projected)` : ''
  return `${sides.join('  ')}${lag}`
}

/** The size of an exploration in one line. */
export function describeSize({ states, transitions, depth, ends, sides }: Exploration): string {
  const [stateCount, stepCount, endCount] = [states, transitions, ends].map((count) =>
    count.toLocaleString('en'),
  )
  return (
    `${stateCount} states, ${stepCount} steps, depth ${depth}, ${endCount} ends ` +
    `(${sides.toLocaleString('en')} states of one reservation)`
  )
}

/** How reservations end, and in how many quiet states one does. */
export function describeEndings({ endings }: Exploration): string {
  return [...endings]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([ending, count]) => `  ${String(count).padStart(7)}  ${ending}`)
    .join('\n')
}
