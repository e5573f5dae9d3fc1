/**
 * The world: a few reservations that want the same seats, the log of Redis as far as the projector
 * has not seen it, and what Redis may still lose. README.md says what is modelled, and why the
 * shortcuts are sound.
 */
import { createForgetting } from './forgetting.ts'
import { progressOf, stepFaultOf } from './invariants.ts'
import type { Laws } from './laws.ts'
import { projected, rebuilt, truncated } from './log.ts'
import { paymentMoves } from './paymentMoves.ts'
import { reservationMoves } from './reservationMoves.ts'
import { keyOfSide, type Move, type Side, standingOf, UNTOUCHED, type View } from './side.ts'
import { ticketMoves } from './ticketMoves.ts'

/** For each reservation, the others that want a seat of it. */
export type Rivals = readonly (readonly number[])[]

/** Who wants what. In the last, A wants both seats, B the first and C the second. */
export const SCENES = {
  'two over one seat': [[1], [0]],
  'three over one seat': [
    [1, 2],
    [0, 2],
    [0, 1],
  ],
  'three over two seats': [[1, 2], [0], [0]],
} as const satisfies Record<string, Rivals>
export type Scene = keyof typeof SCENES

/** A world. Its sides are given by their numbers. */
export interface World {
  readonly sides: readonly number[]
  /** Who wrote the log entries that the projector has not seen, oldest first. */
  readonly log: readonly number[]
  /** How often Redis may still lose what it has. */
  readonly lossesLeft: number
}

/** What the search knows of a side without looking into it. */
interface Digest {
  readonly owns: boolean
  /** 0: no live ticket, 1: issued, 2: confirmed. */
  readonly liveness: 0 | 1 | 2
}

interface Step {
  readonly move: Move
  readonly after: number
  readonly isLogged: boolean
}

interface Steps {
  readonly all: readonly Step[]
  /** None of them is owed. */
  readonly isQuiet: boolean
}

export interface Successor {
  /** Which side moved; null when the world did. */
  readonly actor: number | null
  readonly label: string
  readonly world: World
  readonly fault?: string
}

const WAYS = ['none', 'issued', 'confirmed'] as const
/** As many as a reservation can write in a life that only ever moves on. */
const ENTRIES_MAX = 7

export interface ModelOptions {
  readonly laws: Laws
  readonly rivals: Rivals
  /** The laws by which meaningless messages are told: those that are obeyed, unless they listen. */
  readonly forgetsBy?: Laws
}

/** The model under given laws. Sides are numbered, and their steps computed once per view. */
export class Model {
  readonly laws: Laws
  readonly rivals: Rivals
  readonly sides: Side[] = []
  private readonly digests: Digest[] = []
  private readonly numbers = new Map<string, number>()
  /** By side and view. */
  private readonly steps: (Steps | undefined)[][] = []
  private readonly outcomes = new Map<string, number>()
  private readonly forget: (side: Side) => Side

  constructor({ laws, rivals, forgetsBy = laws }: ModelOptions) {
    this.laws = laws
    this.rivals = rivals
    this.forget = createForgetting(forgetsBy)
  }

  /** Nothing has happened yet. */
  start(lossesLeft: number): World {
    const untouched = this.numberOf(UNTOUCHED)
    return { sides: this.rivals.map(() => untouched), log: [], lossesLeft }
  }

  side(number: number): Side {
    const side = this.sides[number]
    if (!side) throw new RangeError(`there is no side ${number}`)
    return side
  }

  /** The number of the view that side `me` has of the rest of the world. */
  viewNumberOf({ sides, log, lossesLeft }: World, me: number): number {
    let isTaken = 0
    let way = 0
    for (const rival of this.rivals[me] as readonly number[]) {
      const digest = this.digests[sides[rival] as number] as Digest
      if (digest.owns) isTaken = 1
      if (digest.liveness > way) way = digest.liveness
    }
    return ((log.length * 2 + (lossesLeft > 0 ? 1 : 0)) * 2 + isTaken) * 3 + way
  }

  viewOf(number: number): View {
    const rest = Math.floor(number / 3)
    const canLose = (rest >> 1) % 2 === 1
    return {
      inTheWay: WAYS[number % 3] as View['inTheWay'],
      isTaken: rest % 2 === 1,
      canLose,
      lag: rest >> 2,
    }
  }

  /** True when nothing is owed to anybody: all that is left is up to clients and chance. */
  isQuiet(world: World): boolean {
    if (world.log.length > 0) return false
    return world.sides.every((_, me) => this.stepsOf(world, me).isQuiet)
  }

  /** Every world that one step leads to. */
  *successors(world: World): Generator<Successor> {
    for (let me = 0; me < world.sides.length; me += 1) {
      for (const step of this.stepsOf(world, me).all) yield this.stepped(world, me, step)
    }
    if (world.lossesLeft === 0) return
    if (world.log.length > 0) yield this.projecting(world)
    for (let kept = 0; kept < world.log.length; kept += 1) yield this.losingTail(world, kept)
    yield this.losingAll(world)
  }

  private stepped(world: World, me: number, { move, after, isLogged }: Step): Successor {
    const sides = [...world.sides]
    sides[me] = after
    const log = isLogged ? [...world.log, me] : world.log
    const next: World = { sides, log, lossesLeft: world.lossesLeft }
    return { actor: me, label: move.label, world: next, ...(move.fault && { fault: move.fault }) }
  }

  private projecting({ sides, log, lossesLeft }: World): Successor {
    const author = log[0]
    return {
      actor: null,
      label: `the projector commits ${log.length === 1 ? 'the' : 'an'} entry`,
      world: {
        sides: sides.map((number, me) =>
          this.outcome(number, me === author ? 'author' : 'other', (side) =>
            projected(side, me === author),
          ),
        ),
        log: log.slice(1),
        lossesLeft,
      },
    }
  }

  private losingTail({ sides, log, lossesLeft }: World, keptCount: number): Successor {
    const lost = log.length - keptCount
    const canLose = lossesLeft > 1
    return {
      actor: null,
      label: `Redis loses the last ${lost} of its entries, none in SQL, and nobody notices`,
      world: {
        sides: sides.map((number, me) => {
          const kept = log.slice(0, keptCount).filter((author) => author === me).length
          return this.outcome(number, `kept ${kept} ${canLose}`, (side) =>
            truncated(this.laws, side, { kept, canLose }),
          )
        }),
        log: canLose ? log.slice(0, keptCount) : [],
        lossesLeft: lossesLeft - 1,
      },
    }
  }

  private losingAll({ sides, lossesLeft }: World): Successor {
    return {
      actor: null,
      label: 'Redis loses everything and is rebuilt from SQL',
      world: {
        sides: sides.map((number) =>
          this.outcome(number, 'rebuilt', (side) => rebuilt(this.laws, side)),
        ),
        log: [],
        lossesLeft: lossesLeft - 1,
      },
    }
  }

  private outcome(number: number, what: string, change: (side: Side) => Side): number {
    const key = `${number} ${what}`
    let outcome = this.outcomes.get(key)
    if (outcome === undefined) {
      outcome = this.numberOf(this.forget(change(this.side(number))))
      this.outcomes.set(key, outcome)
    }
    return outcome
  }

  private numberOf(side: Side): number {
    const key = keyOfSide(side)
    let number = this.numbers.get(key)
    if (number === undefined) {
      number = this.sides.length
      this.numbers.set(key, number)
      this.sides.push(side)
      const { ticket } = side
      this.digests.push({
        owns: standingOf(side).owns !== null,
        liveness: ticket?.state === 'confirmed' ? 2 : ticket?.state === 'issued' ? 1 : 0,
      })
    }
    return number
  }

  private stepsOf(world: World, me: number): Steps {
    const number = world.sides[me] as number
    const view = this.viewNumberOf(world, me)
    const known = this.steps[number] ?? []
    this.steps[number] = known
    const steps = known[view] ?? this.computeSteps(this.side(number), this.viewOf(view))
    known[view] = steps
    return steps
  }

  private computeSteps(side: Side, view: View): Steps {
    const moves = [
      ...reservationMoves(this.laws, side, view),
      ...paymentMoves(this.laws, side),
      ...ticketMoves(this.laws, side, view),
    ]
    const before = keyOfSide(side)
    const steps: Step[] = []
    for (const move of moves) {
      const after = this.forget(move.side)
      const isIdle = keyOfSide(after) === before
      if (isIdle && !move.fault) continue
      const isLogged = move.side.entries.length > side.entries.length
      const fault =
        move.fault ?? stepFaultOf(side, after) ?? endlessness(move, { before: side, after })
      steps.push({
        move: fault ? { ...move, fault } : move,
        after: this.numberOf(after),
        isLogged,
      })
    }
    return { all: steps, isQuiet: steps.every(({ move }) => !move.isOwed) }
  }
}

/** What a step has to do with never coming to an end; null when nothing. */
function endlessness(move: Move, { before, after }: { before: Side; after: Side }): string | null {
  if (after.entries.length > ENTRIES_MAX) return 'it writes to the log without end'
  const isIdle = move.isOwed && progressOf(after) <= progressOf(before)
  return isIdle ? 'an owed step brings no progress' : null
}
