/** The operator's end of a command: what is printed, what is asked, and Ctrl-C. */
import { createInterface } from 'node:readline/promises'
import { Progress } from './progress.ts'

export interface TerminalOptions {
  isJson: boolean
  /** Questions are answered with yes. */
  isYes: boolean
}

export class Terminal {
  readonly isJson: boolean
  readonly isYes: boolean

  constructor({ isJson, isYes }: TerminalOptions) {
    this.isJson = isJson
    this.isYes = isYes
  }

  /** Whether somebody is there to be asked. */
  get isAttended(): boolean {
    return process.stdin.isTTY === true && process.stderr.isTTY === true
  }

  /** A line for people; with --json it goes to stderr, so that stdout is JSON alone. */
  say(line = ''): void {
    const output = this.isJson ? process.stderr : process.stdout
    output.write(`${line}\n`)
  }

  /** A remark beside the result. */
  note(line: string): void {
    process.stderr.write(`${line}\n`)
  }

  /** The result as JSON, when that was asked for. */
  json(value: unknown): void {
    if (this.isJson) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  }

  progress(what: string, total: number): Progress {
    return new Progress({ what, total, sink: process.stderr })
  }

  /**
   * Asks for `expected` to be typed. True at once with --yes, false at once where nobody is there.
   */
  async confirm(question: string, expected: string): Promise<boolean> {
    if (this.isYes) return true
    if (!this.isAttended) return false
    const reader = createInterface({ input: process.stdin, output: process.stderr })
    try {
      const typed = await reader.question(`${question}\nType ${expected} to go on: `)
      return typed.trim() === expected
    } finally {
      reader.close()
    }
  }
}

/** Ctrl-C: the first asks the command to stop where it safely can, the second ends it at once. */
export class Interrupt {
  #isAsked = false
  readonly #listeners: (() => void)[] = []
  readonly #onSignal = (): void => {
    if (this.#isAsked) process.exit(1)
    this.#isAsked = true
    for (const listener of this.#listeners) listener()
  }

  constructor() {
    process.on('SIGINT', this.#onSignal)
    process.on('SIGTERM', this.#onSignal)
  }

  get isAsked(): boolean {
    return this.#isAsked
  }

  onAsked(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Resolves when it is asked. */
  asked(): Promise<void> {
    return this.#isAsked
      ? Promise.resolve()
      : new Promise((resolve) => this.#listeners.push(resolve))
  }

  close(): void {
    process.off('SIGINT', this.#onSignal)
    process.off('SIGTERM', this.#onSignal)
  }
}
