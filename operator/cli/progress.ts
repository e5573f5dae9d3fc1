/** How far a long command is, on stderr: a bar on a terminal, a line now and then elsewhere. */
import { durationInWords } from './words.ts'

const REDRAW_MS = 100
const LINE_MS = 5_000
const BAR_WIDTH = 24

export interface ProgressSink {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export class Progress {
  readonly #what: string
  readonly #total: number
  readonly #sink: ProgressSink
  readonly #now: () => number
  readonly #startedAtMs: number
  #done = 0
  #shownAtMs: number
  #isDrawn = false

  /** @param now milliseconds of any monotonic clock */
  constructor(options: {
    what: string
    total: number
    sink: ProgressSink
    now?: () => number
  }) {
    const { what, total, sink, now = () => performance.now() } = options
    this.#what = what
    this.#total = total
    this.#sink = sink
    this.#now = now
    this.#startedAtMs = now()
    this.#shownAtMs = this.#startedAtMs
  }

  advance(count: number): void {
    this.#done += count
    const now = this.#now()
    if (now - this.#shownAtMs < (this.#sink.isTTY ? REDRAW_MS : LINE_MS)) return
    this.#shownAtMs = now
    this.#show()
  }

  /** Leaves the line of the bar, so that what is printed next stands alone. */
  end(): void {
    if (!this.#sink.isTTY || !this.#isDrawn) return
    this.#show()
    this.#sink.write('\n')
  }

  #show(): void {
    this.#isDrawn = true
    const line = this.#line()
    this.#sink.write(this.#sink.isTTY ? `\r\x1b[2K${line}` : `${line}\n`)
  }

  #line(): string {
    const seconds = (this.#now() - this.#startedAtMs) / 1_000
    const rate = seconds > 0 ? this.#done / seconds : 0
    const left = Math.max(0, this.#total - this.#done)
    const share = this.#total > 0 ? Math.min(1, this.#done / this.#total) : 1
    const filled = Math.round(share * BAR_WIDTH)
    const bar = `${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}`
    const counts = `${this.#done.toLocaleString('en')}/${this.#total.toLocaleString('en')}`
    const eta = rate > 0 && left > 0 ? `, ETA ${durationInWords(left / rate)}` : ''
    const speed = `${rate.toLocaleString('en', { maximumFractionDigits: 0 })}/s`
    return `${this.#what} [${bar}] ${counts} ${speed}${eta}`
  }
}
