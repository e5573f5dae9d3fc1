import { useEffect, useMemo, useState } from 'preact/hooks'
import type { ShowList as Shows } from '../../contracts/http.ts'
import { useLanguage } from '../app/language.ts'
import { beginReading } from '../app/route.ts'
import { HeroRows } from './HeroRows.tsx'
import { ShowCard } from './ShowCard.tsx'

type Summary = Shows['shows'][number]

const PER_PAGE = 24
/** A list that can be seen at a glance needs no search. */
const SEARCH_FROM = 9

async function loadShows(): Promise<Summary[]> {
  const response = await fetch('/v1/shows')
  if (!response.ok) throw new Error(`no shows: ${response.status}`)
  return ((await response.json()) as Shows).shows
}

export function ShowList() {
  const { words } = useLanguage()
  const [shows, setShows] = useState<Summary[] | 'loading' | 'failed'>('loading')
  const load = () => {
    setShows('loading')
    loadShows().then(setShows, () => setShows('failed'))
  }
  useEffect(load, [])
  useEffect(beginReading, [])
  useEffect(() => {
    document.title = `${words.shows.title} · ${words.brand}`
  }, [words])
  return (
    <main class="shows" id="content" tabIndex={-1}>
      <div class="hero">
        <div>
          <h1>{words.shows.headline}</h1>
          <p>{words.shows.intro}</p>
        </div>
        <HeroRows />
      </div>
      {shows === 'loading' && <p class="state">{words.shows.loading} …</p>}
      {shows === 'failed' && (
        <p class="state" role="alert">
          {words.shows.failed}{' '}
          <button class="plain" type="button" onClick={load}>
            {words.shows.retry}
          </button>
        </p>
      )}
      {Array.isArray(shows) && <Listing shows={shows} />}
    </main>
  )
}

function Listing({ shows }: { shows: readonly Summary[] }) {
  const { words, locale } = useLanguage()
  const [query, setQuery] = useState('')
  const [count, setCount] = useState(PER_PAGE)
  const found = useMemo(() => {
    const wanted = query.trim().toLocaleLowerCase(locale)
    return shows.filter(({ name, showId }) =>
      `${name} ${showId}`.toLocaleLowerCase(locale).includes(wanted),
    )
  }, [shows, query, locale])
  if (shows.length === 0) return <p class="state">{words.shows.none}</p>
  return (
    <section aria-label={words.shows.title}>
      {shows.length >= SEARCH_FROM && (
        <div class="search">
          <input
            type="search"
            aria-label={words.shows.search}
            placeholder={words.shows.search}
            value={query}
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
          <span role="status">{words.shows.found(found.length)}</span>
        </div>
      )}
      <ul class="cards">
        {found.slice(0, count).map((show) => (
          <li key={show.showId}>
            <ShowCard {...show} />
          </li>
        ))}
      </ul>
      {found.length > count && (
        <button class="plain more" type="button" onClick={() => setCount(count + PER_PAGE)}>
          {words.shows.more}
        </button>
      )}
    </section>
  )
}
