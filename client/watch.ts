import { Emitter } from './emitter.ts'
import type { ClientFrame, MapFrame } from './frames.ts'
import { SeatMap } from './seatMap.ts'
import type { MapChange, Problem, WatchState } from './types.ts'

const ASK_AGAIN_MS = 1_000

export interface WatchEvents {
  change: MapChange
  state: WatchState
}

/**
 * A show's map, kept up by the feed. It applies a delta only when that follows upon what it has;
 * when one is missing it asks from where it stands, and is live again when it has been told.
 */
export class Watch extends Emitter<WatchEvents> {
  readonly map: SeatMap
  readonly #send: (frame: ClientFrame) => boolean
  readonly #forget: () => void
  #state: WatchState = 'loading'
  #problem: Problem | null = null
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Made by `Connection.watch`. */
  constructor(showId: string, send: (frame: ClientFrame) => boolean, forget: () => void) {
    super()
    this.map = new SeatMap(showId)
    this.#send = send
    this.#forget = forget
  }

  get state(): WatchState {
    return this.#state
  }

  /** Why the map is `refused`. */
  get problem(): Problem | null {
    return this.#problem
  }

  /** Watches no longer. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#forget()
    this.#send({ op: 'unsubscribe', showId: this.map.showId })
  }

  /** The connection has been opened, or something is missing: asks from where the map stands. */
  ask(): void {
    clearTimeout(this.#timer)
    const { showId, version } = this.map
    this.#send({ op: 'subscribe', showId, ...(version && { since: version }) })
    this.#enter(version ? 'stale' : 'loading')
  }

  /** The connection is lost. */
  lost(): void {
    clearTimeout(this.#timer)
    if (this.#state === 'live') this.#enter('stale')
  }

  hear(frame: MapFrame): void {
    switch (frame.op) {
      case 'snapshot':
        this.emit('change', this.map.applySnapshot(frame))
        this.#enter('live')
        return
      case 'resumed':
        // The missed deltas follow; another version than ours is an answer to an older question.
        if (frame.version === this.map.version) this.#enter('live')
        return
      case 'delta':
        if (this.#state === 'live') this.#apply(frame)
        return
      case 'error':
        this.#refused(frame.problem)
        return
      case 'unsubscribed':
    }
  }

  #apply(frame: Extract<MapFrame, { op: 'delta' }>): void {
    const change = this.map.applyDelta(frame)
    if (change) this.emit('change', change)
    else this.ask()
  }

  #refused(problem: Problem): void {
    this.#problem = problem
    if (problem.code === 'not-found') this.#enter('refused')
    else this.#timer = setTimeout(() => this.ask(), ASK_AGAIN_MS * (1 + Math.random()))
  }

  #enter(state: WatchState): void {
    if (state === this.#state) return
    this.#state = state
    this.emit('state', state)
  }
}
