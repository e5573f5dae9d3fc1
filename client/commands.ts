/** Commands that wait for their answers, over as many connections as it takes. */
import type { AnswerFrame, CommandFrame } from './frames.ts'
import type { Outcome, Problem } from './types.ts'

const RETRY_MS = 500

interface Pending {
  readonly frame: CommandFrame
  readonly outcome: Promise<Outcome>
  readonly settle: (outcome: Outcome) => void
  /** Why it was not done the last time; it will be asked for again. */
  problem: Problem | null
  retry: ReturnType<typeof setTimeout> | undefined
}

export class Commands {
  readonly #send: (frame: CommandFrame) => boolean
  readonly #answerMsMax: number
  readonly #pending = new Map<string, Pending>()

  constructor(send: (frame: CommandFrame) => boolean, answerMsMax: number) {
    this.#send = send
    this.#answerMsMax = answerMsMax
  }

  /** Gives a command; it is repeated under its id until it is answered or the time is up. */
  give(frame: CommandFrame): Promise<Outcome> {
    const known = this.#pending.get(frame.id)
    if (known && known.frame.op === frame.op) return known.outcome
    if (known) throw new TypeError(`the id ${frame.id} is under way for another command`)
    let settle: (outcome: Outcome) => void = () => {}
    const outcome = new Promise<Outcome>((resolve) => {
      settle = resolve
    })
    const limit = setTimeout(() => this.#giveUp(frame.id), this.#answerMsMax)
    const end = (value: Outcome) => {
      clearTimeout(limit)
      clearTimeout(this.#pending.get(frame.id)?.retry)
      this.#pending.delete(frame.id)
      settle(value)
    }
    this.#pending.set(frame.id, { frame, outcome, settle: end, problem: null, retry: undefined })
    this.#send(frame)
    return outcome
  }

  /** A new connection: whatever has no answer is asked for again. */
  repeat(): void {
    for (const { frame, retry } of this.#pending.values()) {
      clearTimeout(retry)
      this.#send(frame)
    }
  }

  answer(answer: AnswerFrame): void {
    const pending = this.#pending.get(answer.id)
    if (!pending) return
    if (answer.op === 'reservation') {
      pending.settle({ type: 'done', reservation: answer.reservation })
      return
    }
    const { problem } = answer
    if (problem.code !== 'unavailable' && problem.code !== 'rate-limited') {
      pending.settle({ type: 'refused', problem })
      return
    }
    pending.problem = problem
    clearTimeout(pending.retry)
    const waitMs = RETRY_MS * (1 + Math.random())
    pending.retry = setTimeout(() => this.#send(pending.frame), waitMs)
  }

  /** There will be no connection any more. */
  end(): void {
    for (const id of this.#pending.keys()) this.#giveUp(id)
  }

  #giveUp(id: string): void {
    const pending = this.#pending.get(id)
    const problem = pending?.problem
    pending?.settle(problem ? { type: 'refused', problem } : { type: 'unanswered', id })
  }
}
