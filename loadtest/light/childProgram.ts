/** A program in a process of its own, which is told what to do by its parent, and answers. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export class ChildProgram<Order extends object, Answer extends { type: string }> {
  readonly #child: ChildProcess
  readonly #heard: Answer[] = []
  #listener: (() => void) | null = null
  #hasEnded = false

  /** @param program its file */
  constructor(program: URL, options: { env: NodeJS.ProcessEnv }) {
    this.#child = fork(fileURLToPath(program), [], {
      execArgv: ['--import', 'tsx'],
      env: options.env,
    })
    this.#child.on('message', (answer: Answer) => {
      this.#heard.push(answer)
      this.#listener?.()
    })
    this.#child.once('exit', () => {
      this.#hasEnded = true
      this.#listener?.()
    })
  }

  /** The next thing that it says, which must be of this type. Rejects when it has ended. */
  async next<Type extends Answer['type']>(type: Type): Promise<Extract<Answer, { type: Type }>> {
    while (this.#heard.length === 0) {
      if (this.#hasEnded) throw new Error(`${this.#child.spawnargs.at(-1)} has ended`)
      await new Promise<void>((resolve) => {
        this.#listener = resolve
      })
    }
    const answer = this.#heard.shift() as Answer
    if (answer.type !== type) throw new Error(`it said ${answer.type} and not ${type}`)
    return answer as Extract<Answer, { type: Type }>
  }

  ask<Type extends Answer['type']>(order: Order, type: Type) {
    this.#child.send(order)
    return this.next(type)
  }

  /** Ends it; its end of the line is what it waits for. */
  async end(): Promise<void> {
    if (this.#hasEnded) return
    this.#child.disconnect()
    while (!this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#listener = resolve
      })
    }
  }
}
