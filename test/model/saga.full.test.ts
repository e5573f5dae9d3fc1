import { expect, test } from 'vitest'
import { explore } from './explore.ts'
import { excuseOf, isNoticed, mutants } from './mutants.ts'
import { describeSize, describeViolation } from './trace.ts'

test.each([
  { scene: 'three over one seat', lossesMax: 0 },
  { scene: 'three over two seats', lossesMax: 0 },
  { scene: 'three over one seat', lossesMax: 1 },
] as const)('ends well for $scene, Redis lost up to $lossesMax times', ({ scene, lossesMax }) => {
  const found = explore({ scene, lossesMax })
  process.stdout.write(`${scene}, losses: ${lossesMax}: ${describeSize(found)}\n`)
  if (found.violation) process.stdout.write(describeViolation(found.model, found.violation))
  expect(found.violation).toBeNull()
})

test('notices every small mistake in the tables, but for harmless ones', () => {
  const all = mutants()
  const holes = all.filter((mutant) => excuseOf(mutant) === null && !isNoticed(mutant.laws))
  process.stdout.write(`${all.length} mutants\n`)
  expect(holes.map(({ name }) => name)).toEqual([])
})
