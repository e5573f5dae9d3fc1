/** The operator's end of a command: what is printed, what is asked, and Ctrl-C. */
import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { Progress } from './progress.ts'
import { printable } from './words.ts'

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
    output.write(`${printable(line)}\n`)
  }

  /** A remark beside the result. */
  note(line: string): void {
    this.#io.stderr.write(`${printable(line)}\n`)
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
   *
   * @param instead what any other answer does
   */
  async confirm(question: string, expected: string, instead: string): Promise<boolean> {
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
      const words = `${question}\nType ${expected} to go on; anything else ${instead}: `
      const asked = reader.question(printable(words))
      const typed = await Promise.race([asked, left])
      if (typed === null) this.#io.stderr.write('\n')
      return typed?.trim() === expected
    } finally {
      reader.close()
    }
  }
}

/** The terminal sends Ctrl-C to npm and to us, and npm sends it on: one press may come twice. */
const SAME_PRESS_MS = 300

/** Where signals come from, and how the process ends. */
export interface Signals {
  on(signal: NodeJS.Signals, listener: () => void): unknown
  off(signal: NodeJS.Signals, listener: () => void): unknown
  exit(status: number): void
}

/**
 * Ctrl-C. A command that only looks ends at once. One that has said that it stops by itself is
 * asked to, where it safely can; the second Ctrl-C ends that one at once too.
 */
export class Interrupt {
  readonly #signals: Signals
  readonly #now: () => number
  #isPostponed = false
  #askedAtMs: number | null = null
  readonly #listeners: (() => void)[] = []
  readonly #onSignal = (): void => {
    if (!this.#isPostponed) {
      this.#signals.exit(1)
      return
    }
    if (this.#askedAtMs !== null) {
      if (this.#now() - this.#askedAtMs > SAME_PRESS_MS) this.#signals.exit(1)
      return
    }
    this.#askedAtMs = this.#now()
    for (const listener of this.#listeners) listener()
  }

  /** @param now milliseconds of any monotonic clock */
  constructor(signals: Signals = process, now: () => number = () => performance.now()) {
    this.#signals = signals
    this.#now = now
    signals.on('SIGINT', this.#onSignal)
    signals.on('SIGTERM', this.#onSignal)
  }

  /** Whether the command has been asked to stop. */
  get isAsked(): boolean {
    return this.#askedAtMs !== null
  }

  /** From now on the command looks at `isAsked`, or waits for it. */
  postpone(): void {
    this.#isPostponed = true
  }

  /** Resolves when it is asked. */
  asked(): Promise<void> {
    return this.isAsked
      ? Promise.resolve()
      : new Promise((resolve) => this.#listeners.push(resolve))
  }

  close(): void {
    this.#signals.off('SIGINT', this.#onSignal)
    this.#signals.off('SIGTERM', this.#onSignal)
  }
}
