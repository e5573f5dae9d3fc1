/** One open show: its plan, its live map and the buyer's desk in it. */
import {
  type Connection,
  type ConnectionState,
  connect,
  type Watch,
} from '../../client/holdfast.ts'
import type { Show } from '../../contracts/http.ts'
import type { OwnLook } from '../booking/claims.ts'
import { Desk } from '../booking/desk.ts'
import type { Notice } from '../booking/notice.ts'
import { Census } from '../venue/census.ts'
import { type Plan, planOf } from '../venue/plan.ts'
import { guestSession, leaveSession, NoGuests } from './session.ts'
import { Store } from './store.ts'

/** Close code of the feed. */
const TOKEN_REFUSED = 4401

/** Whether the map on the screen is the truth. */
export type Liveness = 'opening' | 'live' | 'lost' | 'closed'

export interface Told {
  readonly notice: Notice
  /** Tells two equal notices apart. */
  readonly turn: number
}

type SeatChanges = Iterable<{ readonly index: number }>

export class House {
  readonly show: Show
  readonly plan: Plan
  readonly census: Census
  readonly connection: Connection
  readonly watch: Watch
  readonly desk: Desk
  readonly canBuy: boolean
  readonly told = new Store<Told | null>(null)
  readonly liveness = new Store<Liveness>('opening')
  readonly connectionState: Store<ConnectionState>
  /** Counts the changes of the map, for whatever shows something of it. */
  readonly turn = new Store(0)
  readonly #seatListeners = new Set<(changes: SeatChanges) => void>()

  constructor(show: Show, canBuy: boolean) {
    this.show = show
    this.plan = planOf(show)
    this.census = new Census(this.plan)
    this.canBuy = canBuy
    const token = async () => (await guestSession()).token
    this.connection = connect({ url: location.origin, ...(canBuy && { token }) })
    this.connectionState = new Store(this.connection.state)
    this.watch = this.connection.watch(show.showId)
    const { plan, connection, watch } = this
    this.desk = new Desk({
      ...{ showId: show.showId, plan, connection, watch },
      tell: (notice) => this.tell(notice),
    })
    connection.on('state', (state) => {
      // The server does not know this guest any more; the next attempt is somebody new.
      if (state.type === 'waiting' && state.code === TOKEN_REFUSED) leaveSession()
      this.connectionState.set(state)
      this.#judgeLiveness()
    })
    watch.on('state', () => this.#judgeLiveness())
    watch.on('change', (change) => {
      this.census.apply(change)
      this.#seatsChanged(change.changes)
    })
    let before = this.looks
    this.desk.claims.subscribe(() => {
      const touched = new Set([...before.keys(), ...this.looks.keys()])
      before = this.looks
      this.#seatsChanged([...touched].map((index) => ({ index })))
    })
  }

  /** How the buyer's own seats look, by index. */
  get looks(): ReadonlyMap<number, OwnLook> {
    return this.desk.looks
  }

  /** Whether the map has ever been told of; until then nobody knows what is free. */
  get isKnown(): boolean {
    return this.watch.map.version !== ''
  }

  /** Whether nobody could get anything now. */
  get isSoldOut(): boolean {
    return this.isKnown && this.plan.zones.every((_, at) => this.census.inZone(at) === 0)
  }

  tell(notice: Notice): void {
    this.told.update((last) => ({ notice, turn: (last?.turn ?? 0) + 1 }))
  }

  /** Calls back with the seats that look different; answers how to stop. */
  onSeats(listener: (changes: SeatChanges) => void): () => void {
    this.#seatListeners.add(listener)
    return () => this.#seatListeners.delete(listener)
  }

  close(): void {
    this.desk.close()
    this.connection.close()
  }

  #seatsChanged(changes: SeatChanges): void {
    for (const listener of this.#seatListeners) listener(changes)
    this.turn.update((turn) => turn + 1)
  }

  #judgeLiveness(): void {
    const before = this.liveness.value
    const now = this.#livenessNow(before)
    if (now === before) return
    this.liveness.set(now)
    if (now === 'lost') this.tell({ type: 'connection', isLost: true })
    if (now === 'live' && before === 'lost') this.tell({ type: 'connection', isLost: false })
  }

  #livenessNow(before: Liveness): Liveness {
    const { type } = this.connection.state
    if (type === 'closed') return 'closed'
    if (type === 'waiting') return 'lost'
    if (this.watch.state === 'live') return 'live'
    // Until the map is right again, a connection alone is no news.
    return before === 'lost' ? 'lost' : 'opening'
  }
}

export type Opening = { type: 'open'; house: House } | { type: 'missing' } | { type: 'failed' }

export async function openHouse(showId: string): Promise<Opening> {
  const canBuy = guestSession().then(
    () => true,
    // A server that cannot be reached just now is asked again by the connection.
    (error) => !(error instanceof NoGuests),
  )
  try {
    const response = await fetch(`/v1/shows/${encodeURIComponent(showId)}`)
    if (response.status === 404) return { type: 'missing' }
    if (!response.ok) return { type: 'failed' }
    const show = (await response.json()) as Show
    return { type: 'open', house: new House(show, await canBuy) }
  } catch {
    return { type: 'failed' }
  }
}
