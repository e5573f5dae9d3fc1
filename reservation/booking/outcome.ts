/** What a use case answers: its result, or why not. */
import { type Problem, type ProblemCode, problemOf } from '../../contracts/problem.ts'

export interface Done<T> {
  readonly type: 'done'
  readonly value: T
}

export interface Refused {
  readonly type: 'refused'
  readonly problem: Problem
}

export type Outcome<T> = Done<T> | Refused

export const done = <T>(value: T): Done<T> => ({ type: 'done', value })

/** `extra` are the members that the contract names for the code. */
export const refused = (code: ProblemCode, detail?: string, extra?: object): Refused => ({
  type: 'refused',
  problem: problemOf(code, detail, extra),
})
