/** The address of what is looked at, behind the `#`, so that every address is one page's. */
import { Store } from './store.ts'

export type Route = { page: 'shows' } | { page: 'show'; showId: string }

function routeOf(hash: string): Route {
  const [, showId] = /^#\/shows\/([A-Za-z0-9_-]+)/.exec(hash) ?? []
  return showId ? { page: 'show', showId } : { page: 'shows' }
}

export const route = new Store<Route>(routeOf(location.hash))

addEventListener('hashchange', () => route.set(routeOf(location.hash)))

/** Ids of shows are plain enough for an address. */
export const showAddress = (showId: string): string => `#/shows/${showId}`
