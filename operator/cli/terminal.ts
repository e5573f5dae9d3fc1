/** The operator's end of a command: what is printed, what is asked, and Ctrl-C. */
import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { Progress } from './progress.ts'

/** Where a command reads and writes: the process's own, or a test's. */
export interface Io {
  env: NodeJS.ProcessEnv
  stdin: Readable & { isTTY?: boolean }
  stdout: Writable & { isTTY?: boolean }
  stderr: Writable & { isTTY?: boolean }
}

export interface TerminalOptions {
  isJson: boolean
  /** Questions are answered with yes. */
  isYes: boolean
}

export class Terminal {
  readonly isJson: boolean
  readonly isYes: boolean
  readonly #io: Io

  constructor({ isJson, isYes }: TerminalOptions, io: Io) {
    this.isJson = isJson
    this.isYes = isYes
    this.#io = io
  }

  /** Where results go that are written piece by piece. */
  get stdout(): Writable {
    return this.#io.stdout
  }

  /** Whether somebody is there to be asked. */
  get isAttended(): boolean {
    return this.#io.stdin.isTTY === true && this.#io.stderr.isTTY === true
  }

  /** A line for people; with --json it goes to stderr, so that stdout is JSON alone. */
  say(line = ''): void {
    const output = this.isJson ? this.#io.stderr : this.#io.stdout
    output.write(`${line}\n`)
  }

  /** A remark beside the result. */
  note(line: string): void {
    this.#io.stderr.write(`${line}\n`)
  }

  /** The result as JSON, when that was asked for. */
  json(value: unknown): void {
    if (this.isJson) this.#io.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  }

  progress(what: string, total: number): Progress {
    return new Progress({ what, total, sink: this.#io.stderr })
  }

  /**
   * Asks for `expected` to be typed. True at once with --yes, false at once where nobody is there.
   */
  async confirm(question: string, expected: string): Promise<boolean> {
    if (this.isYes) return true
    if (!this.isAttended) return false
    const reader = createInterface({ input: this.#io.stdin, output: this.#io.stderr })
    try {
      // Ctrl-C and the end of the input close the reader, and leave the question open for ever.
      reader.once('SIGINT', () => {
        process.kill(process.pid, 'SIGINT')
        reader.close()
      })
      const left = new Promise<null>((resolve) => reader.once('close', () => resolve(null)))
      const asked = reader.question(`${question}\nType ${expected} to go on: `)
      const typed = await Promise.race([asked, left])
      return typed?.trim() === expected
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
