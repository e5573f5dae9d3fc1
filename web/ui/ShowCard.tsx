import { useEffect, useRef, useState } from 'preact/hooks'
import { SeatMap } from '../../client/seatMap.ts'
import type { Show, ShowList, SeatMap as Snapshot } from '../../contracts/http.ts'
import { useLanguage } from '../app/language.ts'
import { showAddress } from '../app/route.ts'
import { Census } from '../venue/census.ts'
import { planOf } from '../venue/plan.ts'
import { Miniature, type MiniatureOf } from './Miniature.tsx'

type Summary = ShowList['shows'][number]

interface Details {
  show: Show
  free: number
  cheapest: number
  miniature: MiniatureOf
}

async function loadDetails(showId: string): Promise<Details> {
  const read = async <T,>(path: string): Promise<T> => {
    const response = await fetch(`/v1/shows/${encodeURIComponent(showId)}${path}`)
    if (!response.ok) throw new Error(`no details: ${response.status}`)
    return (await response.json()) as T
  }
  const [show, snapshot] = await Promise.all([read<Show>(''), read<Snapshot>('/seats')])
  const plan = planOf(show)
  const census = new Census(plan)
  census.apply(new SeatMap(showId).applySnapshot(snapshot))
  const cheapest = Math.min(...show.sections.map(({ price }) => price))
  return { show, free: snapshot.free, cheapest, miniature: { plan, census } }
}

/** A show in the list. Its details are loaded when it comes into view. */
export function ShowCard({ showId, name, startsAt, total }: Summary) {
  const { words, format } = useLanguage()
  const card = useRef<HTMLAnchorElement>(null)
  const [details, setDetails] = useState<Details | null>(null)
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return
      observer.disconnect()
      // Without details the card still says what is on and leads there.
      loadDetails(showId).then(setDetails, () => {})
    })
    observer.observe(card.current as Element)
    return () => observer.disconnect()
  }, [showId])
  const { day, month, weekday } = format.day(startsAt)
  const cheapest = details && { currency: details.show.currency, value: details.cheapest }
  return (
    <a class="card" href={showAddress(showId)} ref={card}>
      <time class="date" dateTime={startsAt}>
        <span class="weekday">{weekday}</span>
        <span class="day">{day}</span>
        <span class="month">{month}</span>
      </time>
      <div class="about">
        <h2>{name}</h2>
        <p class="when">{format.hour(startsAt)}</p>
        <p class="facts">
          <span>{words.shows.seats(format.number(total))}</span>
          {details && (
            <span class={details.free > 0 ? 'free' : 'gone'}>
              {details.free > 0
                ? words.shows.free(format.number(details.free))
                : words.shows.soldOut}
            </span>
          )}
          {cheapest && <span>{words.shows.from(format.money(cheapest))}</span>}
        </p>
      </div>
      <div class="miniature">{details && <Miniature of={details.miniature} />}</div>
    </a>
  )
}
