/** The operator's desk in this very process: what is typed, and what is printed. */
import { PassThrough, Writable } from 'node:stream'
import { run } from '../../../operator/program.ts'

export interface Ended {
  status: number
  stdout: string
  stderr: string
}

export interface DeskInput {
  /** What the operator types when asked; without it nobody is there. */
  typed?: string
}

class Printed extends Writable {
  isTTY = false
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** A desk at a system, given by its environment. */
export class DeskAt {
  readonly #env: Record<string, string>

  constructor(env: Record<string, string>) {
    this.#env = env
  }

  /** Runs a command to its end. */
  async type(args: readonly string[], { typed }: DeskInput = {}): Promise<Ended> {
    const stdin = Object.assign(new PassThrough(), { isTTY: typed !== undefined })
    const [stdout, stderr] = [new Printed(), new Printed()]
    stderr.isTTY = typed !== undefined
    if (typed !== undefined) stdin.write(`${typed}\n`)
    const status = await run(args, { env: this.#env, stdin, stdout, stderr })
    return { status, stdout: stdout.text, stderr: stderr.text }
  }

  /** The JSON of a command that is expected to succeed. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const { status, stdout, stderr } = await this.type([...args, '--json'])
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
    return JSON.parse(stdout) as T
  }
}
