/**
 * Explores the saga from the command line:
 *
 *   node --import tsx test/model/main.ts                     all rules in force
 *   node --import tsx test/model/main.ts --without F6        a shortest way to go wrong without F6
 *   node --import tsx test/model/main.ts --habit 'crash forgotten'
 *   node --import tsx test/model/main.ts --scene 'three over two seats' --losses 0
 *   node --import tsx test/model/main.ts --without F5 --seeks 'told "confirmed"'
 *   node --import tsx test/model/main.ts --mutants           what the model does not notice
 *
 * Exits 0 when what was found is as it should be, 1 when it is not, 2 for a wrong usage.
 */
import { parseArgs } from 'node:util'
import { HABITS, type Habit, RULES, type Rule, WITHOUT } from './breaches.ts'
import { type Exploration, explore, type Options } from './explore.ts'
import { SCENES, type Scene } from './model.ts'
import { excuseOf, isNoticed, mutants } from './mutants.ts'
import { describeEndings, describeSize, describeViolation } from './trace.ts'

const LOSSES_MAX = 3

function usage(problem: string): never {
  process.stderr.write(
    [
      problem,
      `  --without ${RULES.join('|')}`,
      `  --habit   '${Object.keys(HABITS).join("'|'")}'`,
      `  --scene   '${Object.keys(SCENES).join("'|'")}'`,
      `  --losses  0..${LOSSES_MAX}`,
      '  --seeks   <part of what a violation says>',
      '  --mutants\n',
    ].join('\n'),
  )
  process.exit(2)
}

function parse() {
  try {
    return parseArgs({
      options: {
        without: { type: 'string' },
        habit: { type: 'string' },
        scene: { type: 'string' },
        losses: { type: 'string' },
        seeks: { type: 'string' },
        mutants: { type: 'boolean' },
      },
    }).values
  } catch (cause) {
    return usage(cause instanceof Error ? cause.message : String(cause))
  }
}

function show(options: Options): Exploration {
  const startedAt = performance.now()
  const found = explore(options)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${describeSize(found)}; ${seconds} s`)
  console.log(
    found.violation ? describeViolation(found.model, found.violation) : describeEndings(found),
  )
  return found
}

/** Prints the small mistakes in the pure functions that go unnoticed, and why some may. */
function showMutants(): boolean {
  const all = mutants()
  const unnoticed = all.filter(({ laws }) => !isNoticed(laws))
  for (const mutant of unnoticed) {
    console.log(`unnoticed: ${mutant.name}\n  ${excuseOf(mutant) ?? 'AND SHOULD BE NOTICED'}`)
  }
  console.log(`${all.length - unnoticed.length} of ${all.length} mutants noticed`)
  return unnoticed.every((mutant) => excuseOf(mutant) !== null)
}

const args = parse()
if (args.mutants) {
  process.exitCode = showMutants() ? 0 : 1
} else {
  const { without, habit, scene, seeks } = args
  const losses = args.losses === undefined ? undefined : Number(args.losses)
  if (without && !(RULES as readonly string[]).includes(without)) usage(`no rule ${without}`)
  if (habit && !Object.hasOwn(HABITS, habit)) usage(`no habit ${habit}`)
  if (scene && !Object.hasOwn(SCENES, scene)) usage(`no scene ${scene}`)
  if (losses !== undefined && !(Number.isInteger(losses) && losses >= 0 && losses <= LOSSES_MAX)) {
    usage(`no number of losses: ${args.losses}`)
  }
  const breach = without ? WITHOUT[without as Rule] : habit ? HABITS[habit as Habit] : null
  if (breach) console.log(breach.says)
  const found = show({
    ...(breach && { laws: breach.laws }),
    ...(scene && { scene: scene as Scene }),
    ...(losses !== undefined && { lossesMax: losses }),
    ...(seeks !== undefined && { seeks }),
  })
  process.exitCode = (found.violation !== null) === (breach !== null) ? 0 : 1
}
