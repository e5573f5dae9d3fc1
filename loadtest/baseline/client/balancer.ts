/** Which instance the next call goes to. */

export const LOAD_BALANCES = ['round-robin', 'random'] as const
export type LoadBalance = (typeof LOAD_BALANCES)[number]

/** An instance that could not be connected to is passed over for this long. */
export const SET_ASIDE_MS = 2_000

export class Balancer {
  readonly #count: number
  readonly #rule: LoadBalance
  readonly #nowMs: () => number
  readonly #asideUntilMs: number[]
  #next = 0

  constructor(count: number, rule: LoadBalance, nowMs: () => number = () => performance.now()) {
    this.#count = count
    this.#rule = rule
    this.#nowMs = nowMs
    this.#asideUntilMs = Array.from({ length: count }, () => 0)
  }

  /**
   * The instances in the order in which a call should try them: those that are believed to be
   * there first, and then, for everybody may have been set aside wrongly, the others.
   */
  order(): number[] {
    const first = this.#rule === 'random' ? Math.floor(Math.random() * this.#count) : this.#turn()
    const nowMs = this.#nowMs()
    const present: number[] = []
    const aside: number[] = []
    for (let at = 0; at < this.#count; at++) {
      const instance = (first + at) % this.#count
      if ((this.#asideUntilMs[instance] as number) > nowMs) aside.push(instance)
      else present.push(instance)
    }
    return [...present, ...aside]
  }

  setAside(instance: number): void {
    this.#asideUntilMs[instance] = this.#nowMs() + SET_ASIDE_MS
  }

  #turn(): number {
    const turn = this.#next
    this.#next = (turn + 1) % this.#count
    return turn
  }
}
