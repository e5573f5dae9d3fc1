/** Listeners by event; `on` answers how to stop listening. */
export class Emitter<Events extends object> {
  readonly #listeners: { [E in keyof Events]?: Set<(value: Events[E]) => void> } = {}

  on<E extends keyof Events>(event: E, listener: (value: Events[E]) => void): () => void {
    const listeners = this.#listeners[event] ?? new Set()
    this.#listeners[event] = listeners
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  protected emit<E extends keyof Events>(event: E, value: Events[E]): void {
    for (const listener of this.#listeners[event] ?? []) listener(value)
  }
}
