/** The connections of this process, all of them and by customer. */
import type { FeedSocket } from './feedSocket.ts'

export class Connections {
  readonly #all = new Set<FeedSocket>()
  readonly #byCustomer = new Map<string, Set<FeedSocket>>()

  get size(): number {
    return this.#all.size
  }

  all(): Iterable<FeedSocket> {
    return this.#all
  }

  /** Of one customer; empty when there are none. */
  of(customerId: string): ReadonlySet<FeedSocket> {
    return this.#byCustomer.get(customerId) ?? NONE
  }

  add(socket: FeedSocket): void {
    this.#all.add(socket)
    if (!socket.identity) return
    const { customerId } = socket.identity
    const theirs = this.#byCustomer.get(customerId)
    if (theirs) theirs.add(socket)
    else this.#byCustomer.set(customerId, new Set([socket]))
  }

  remove(socket: FeedSocket): void {
    this.#all.delete(socket)
    if (!socket.identity) return
    const { customerId } = socket.identity
    const theirs = this.#byCustomer.get(customerId)
    theirs?.delete(socket)
    if (theirs?.size === 0) this.#byCustomer.delete(customerId)
  }
}

const NONE: ReadonlySet<FeedSocket> = new Set()
