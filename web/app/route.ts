/** The address of what is looked at, behind the `#`, so that every address is one page's. */
import { Store } from './store.ts'

export type Route = { page: 'shows' } | { page: 'show'; showId: string }

function routeOf(hash: string): Route {
  const [, showId] = /^#\/shows\/([A-Za-z0-9_-]+)/.exec(hash) ?? []
  return showId ? { page: 'show', showId } : { page: 'shows' }
}

export const route = new Store<Route>(routeOf(location.hash))

let hasMoved = false

addEventListener('hashchange', () => {
  hasMoved = true
  route.set(routeOf(location.hash))
})

/**
 * After a link was followed one reads on where the new content begins, as if a page had been loaded;
 * where one really was, the browser has seen to that.
 */
export function beginReading(): void {
  if (hasMoved) document.getElementById('content')?.focus()
}

/** Ids of shows are plain enough for an address. */
export const showAddress = (showId: string): string => `#/shows/${showId}`
