/** Breadth-first search through every reachable world, so that counterexamples are short. */
import { type Rule, WITHOUT } from './breaches.ts'
import { createCoding } from './coding.ts'
import { describeEnd, endFaultOf, faultOf } from './invariants.ts'
import { LAWS, type Laws } from './laws.ts'
import { Model, SCENES, type Scene, type Successor, type World } from './model.ts'
import { StateTable } from './stateTable.ts'

export interface Options {
  /** The rule to do without. */
  readonly without?: Rule
  /** Other laws altogether, for breaches that are no whole rule. */
  readonly laws?: Laws
  /** Who wants which seats: two over one seat unless told otherwise. */
  readonly scene?: Scene
  /** How often Redis may lose what it has: 1 unless told otherwise. */
  readonly lossesMax?: number
  /** Passes over violations that do not say this, to find what else can go wrong. */
  readonly seeks?: string
  /** See ModelOptions. */
  readonly forgetsBy?: Laws
}

/** A shortest run that ends in what must not be. */
export interface Violation {
  readonly says: string
  readonly trace: readonly Successor[]
}

export interface Exploration {
  readonly states: number
  readonly transitions: number
  /** Steps to the farthest state, by the shortest way. */
  readonly depth: number
  /** States in which nothing is owed any more. */
  readonly ends: number
  /** How a reservation may end, and in how many of those states one does. */
  readonly endings: ReadonlyMap<string, number>
  /** Different states of one reservation across all services. */
  readonly sides: number
  readonly violation: Violation | null
  readonly model: Model
}

export const NAMES = ['A', 'B', 'C'] as const

/**
 * Visits every reachable world, or stops at the first that breaks an invariant. Broken laws are
 * tried without a loss of Redis first, so that a counterexample has a loss only where it needs one.
 */
export function explore(options: Options = {}): Exploration {
  const laws = options.laws ?? (options.without ? WITHOUT[options.without].laws : LAWS)
  const rivals = SCENES[options.scene ?? 'two over one seat']
  const lossesMax = options.lossesMax ?? 1
  const search = (losses: number) =>
    new Search(new Model({ laws, rivals, forgetsBy: options.forgetsBy ?? laws }), {
      lossesMax: losses,
      seeks: options.seeks ?? '',
    }).run()
  if (laws === LAWS || lossesMax === 0) return search(lossesMax)
  const calm = search(0)
  return calm.violation ? calm : search(lossesMax)
}

class Search {
  private readonly model: Model
  private readonly start: World
  private readonly coding: ReturnType<typeof createCoding>
  private readonly table: StateTable
  private readonly judgements = new Map<number, string | null>()
  private transitions = 0
  private ends = 0
  private readonly endings = new Map<number, number>()

  private readonly seeks: string

  constructor(model: Model, { lossesMax, seeks }: { lossesMax: number; seeks: string }) {
    this.model = model
    this.seeks = seeks
    this.start = model.start(lossesMax)
    this.coding = createCoding(model.rivals)
    this.table = new StateTable({ width: this.coding.width })
  }

  run(): Exploration {
    const { table } = this
    table.add(this.coding.rowOf(this.start), -1)
    let depth = 0
    let levelEnd = 1
    for (let index = 0; index < table.size; index += 1) {
      if (index === levelEnd) {
        depth += 1
        levelEnd = table.size
      }
      const violation = this.visit(index)
      if (violation) return this.result(depth, violation)
    }
    return this.result(depth, null)
  }

  private visit(index: number): Violation | null {
    const world = this.coding.worldOf(this.table.rowAt(index))
    if (this.judge(world)) return this.violationAt(index)
    for (const next of this.model.successors(world)) {
      this.transitions += 1
      if (next.fault?.includes(this.seeks)) return this.violationAfter(index, next)
      this.table.add(this.coding.rowOf(next.world), index)
    }
    return null
  }

  /** What is wrong with a world, and for whom. */
  private judge(world: World): string | null {
    for (let me = 0; me < world.sides.length; me += 1) {
      const fault = this.judgeSide(world, me)
      if (fault?.includes(this.seeks)) return `${NAMES[me]}: ${fault}`
    }
    if (!this.model.isQuiet(world)) return null
    this.ends += 1
    for (const [me, number] of world.sides.entries()) {
      this.endings.set(number, (this.endings.get(number) ?? 0) + 1)
      const fault = this.judgeEnd(number)
      if (fault?.includes(this.seeks)) return `${NAMES[me]}: ${fault}`
    }
    return null
  }

  private judgeSide(world: World, me: number): string | null {
    const number = world.sides[me] as number
    const view = this.model.viewNumberOf(world, me)
    return this.remembered(number * 1024 + view + 1, () =>
      faultOf(this.model.side(number), this.model.viewOf(view)),
    )
  }

  private judgeEnd(number: number): string | null {
    return this.remembered(number * 1024, () =>
      endFaultOf(this.model.laws, this.model.side(number)),
    )
  }

  private remembered(key: number, judgement: () => string | null): string | null {
    let fault = this.judgements.get(key)
    if (fault === undefined) {
      fault = judgement()
      this.judgements.set(key, fault)
    }
    return fault
  }

  private violationAt(index: number): Violation {
    const trace = this.traceTo(index)
    const says = this.judge(trace.at(-1)?.world ?? this.start)
    return { says: says ?? 'lost on the way back', trace }
  }

  private violationAfter(index: number, last: Successor): Violation {
    const before = this.traceTo(index)
    const world = before.at(-1)?.world ?? this.start
    for (const next of this.model.successors(world)) {
      if (next.fault !== last.fault || next.label !== last.label) continue
      const who = next.actor === null ? '' : `${NAMES[next.actor]}: `
      return { says: `${who}${next.fault}`, trace: [...before, next] }
    }
    throw new Error('a step that was found cannot be found again')
  }

  /** Walks to a world again, keeping each side's name where the search swapped mirror images. */
  private traceTo(index: number): Successor[] {
    const path: number[] = []
    for (let at = index; at > 0; at = this.table.parentOf(at)) path.unshift(at)
    const trace: Successor[] = []
    let world = this.start
    for (const at of path) {
      const isNext = ({ world: next }: Successor) => this.table.isAt(at, this.coding.rowOf(next))
      const next = [...this.model.successors(world)].find(isNext)
      if (!next) throw new Error('a run that was found cannot be repeated')
      trace.push(next)
      world = next.world
    }
    return trace
  }

  private namedEndings(): Map<string, number> {
    const named = new Map<string, number>()
    for (const [number, count] of this.endings) {
      const name = describeEnd(this.model.laws, this.model.side(number))
      named.set(name, (named.get(name) ?? 0) + count)
    }
    return named
  }

  private result(depth: number, violation: Violation | null): Exploration {
    const { model, transitions, ends } = this
    return {
      states: this.table.size,
      transitions,
      depth,
      ends,
      endings: this.namedEndings(),
      sides: model.sides.length,
      violation,
      model,
    }
  }
}
