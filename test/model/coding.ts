/**
 * Worlds as rows of integers: the sides' numbers, and one more for the log and the losses left.
 *
 * Reservations that want the same seats are interchangeable: laws, steps and checks treat them
 * alike and all start the same. So a world and its mirror images (the sides permuted so that
 * rivals stay rivals) are one row, the least of all.
 */
import type { Rivals, World } from './model.ts'

export interface Coding {
  /** Integers per row. */
  readonly width: number
  /** The row of a world. It is overwritten by the next call. */
  rowOf(world: World): Int32Array
  worldOf(row: Int32Array): World
}

export function createCoding(rivals: Rivals): Coding {
  const count = rivals.length
  const symmetries = permutationsOf(count).filter((from) => keepsRivals(rivals, from))
  const logs = createLogNumbers()
  const row = new Int32Array(count + 1)

  /** Puts the image of a world under a symmetry into `row`, if it is less than what is there. */
  function offer({ sides, log, lossesLeft }: World, from: readonly number[]): void {
    let isLess = false
    for (let at = 0; at < count; at += 1) {
      const side = sides[from[at] as number] as number
      if (!isLess && side > (row[at] as number)) return
      if (side < (row[at] as number)) isLess = true
      row[at] = side
    }
    const rest = logs.numberOf(log, from) * 4 + lossesLeft
    if (isLess || rest < (row[count] as number)) row[count] = rest
  }

  return {
    width: count + 1,
    rowOf(world) {
      row.fill(0x7fffffff)
      for (const from of symmetries) offer(world, from)
      return row
    },
    worldOf(of) {
      const rest = of[count] as number
      return { sides: [...of.subarray(0, count)], log: logs.log(rest >> 2), lossesLeft: rest & 3 }
    },
  }
}

/** Numbers the sequences of authors that a log may have; the empty one is 0. */
function createLogNumbers() {
  const logs: (readonly number[])[] = [[]]
  const numbers = new Map<string, number>()

  return {
    log: (number: number): readonly number[] => logs[number] as readonly number[],

    /** The number of a log whose authors are renamed as the sides are by `from`. */
    numberOf(log: readonly number[], from: readonly number[]): number {
      if (log.length === 0) return 0
      const renamed = log.map((author) => from.indexOf(author))
      const key = renamed.join('')
      let number = numbers.get(key)
      if (number === undefined) {
        number = logs.length
        logs.push(renamed)
        numbers.set(key, number)
      }
      return number
    },
  }
}

function keepsRivals(rivals: Rivals, from: readonly number[]): boolean {
  return rivals.every((others, me) =>
    others.every((other) => rivals[from[me] as number]?.includes(from[other] as number)),
  )
}

function permutationsOf(count: number): number[][] {
  if (count === 0) return [[]]
  return permutationsOf(count - 1).flatMap((rest) =>
    Array.from({ length: count }, (_, at) => [...rest.slice(0, at), count - 1, ...rest.slice(at)]),
  )
}
