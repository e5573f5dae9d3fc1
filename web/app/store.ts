import { useEffect, useState } from 'preact/hooks'

/** A value that many look at. Equal values (by Object.is) are no news. */
export class Store<T> {
  #value: T
  readonly #listeners = new Set<(value: T) => void>()

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of this.#listeners) listener(value)
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value))
  }

  /** Calls back on every change; answers how to stop. */
  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** The store's value in a component, which is drawn again when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [, redraw] = useState({})
  useEffect(() => {
    let seen = store.value
    const look = () => {
      if (Object.is(seen, store.value)) return
      seen = store.value
      redraw({})
    }
    // It may have changed between the drawing and this effect.
    redraw({})
    return store.subscribe(look)
  }, [store])
  return store.value
}
