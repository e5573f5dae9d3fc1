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
  /** What happens while the question stands, before it is answered. */
  meanwhile?: () => Promise<unknown>
}

class Printed extends Writable {
  isTTY = false
  text = ''
  /** Called once, when a question has been printed. */
  onQuestion: () => void = () => undefined

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    if (/Type \S+ to go on/.test(this.text)) {
      this.onQuestion()
      this.onQuestion = () => undefined
    }
    done()
  }
}

/** A desk at a system, given by its environment. */
export class DeskAt {
  readonly #env: Record<string, string>

  constructor(env: Record<string, string>) {
    this.#env = env
  }

  /** The same desk in another environment. */
  with(env: Record<string, string>): DeskAt {
    return new DeskAt({ ...this.#env, ...env })
  }

  /** Runs a command to its end. */
  async type(args: readonly string[], input: DeskInput = {}): Promise<Ended> {
    const { typed, meanwhile = async () => undefined } = input
    const stdin = Object.assign(new PassThrough(), { isTTY: typed !== undefined })
    const [stdout, stderr] = [new Printed(), new Printed()]
    stderr.isTTY = typed !== undefined
    stderr.onQuestion = () => {
      const answer = () => stdin.write(`${typed}\n`)
      // What fails meanwhile ends the command, which waits for an answer else.
      meanwhile().then(answer, (error: unknown) => stdin.destroy(error as Error))
    }
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
