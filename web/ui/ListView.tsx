import { useEffect, useRef, useState } from 'preact/hooks'
import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { useStore } from '../app/store.ts'
import { firstTogether } from '../booking/together.ts'
import { Glyph } from './Glyph.tsx'
import { Icon } from './Icon.tsx'
import { zoneClass } from './looks.ts'
import { SeatGrid } from './SeatGrid.tsx'

/** The same seats without a map: section, row, seat. For keyboards, screen readers and small fingers. */
export function ListView({ house }: { house: House }) {
  const { words } = useLanguage()
  useStore(house.liveness)
  const [section, setSection] = useState<number | null>(null)
  const lastSection = useRef<number | null>(null)
  const list = useRef<HTMLElement>(null)
  useEffect(() => {
    // Back from the seats of a section: there it was left.
    if (section === null && lastSection.current !== null) {
      list.current?.querySelectorAll('button')[lastSection.current]?.focus()
    }
    lastSection.current = section
  }, [section])
  if (section !== null) {
    return <SectionSeats house={house} at={section} onLeave={() => setSection(null)} />
  }
  return (
    <section class="list" ref={list} aria-labelledby="sections-title">
      <h2 id="sections-title">{words.list.sections}</h2>
      <p class="note">{house.isKnown ? words.list.choose : words.connection.connecting}</p>
      <SectionList house={house} onChoose={setSection} />
    </section>
  )
}

/** What there is to know of how many seats are free. */
function useFree(house: House): (free: number, seats: number) => string {
  const { words, format } = useLanguage()
  useStore(house.turn)
  if (!house.isKnown) return () => '…'
  return (free, seats) => words.freeOf(format.number(free), format.number(seats))
}

function SectionList({ house, onChoose }: { house: House; onChoose: (at: number) => void }) {
  const { format } = useLanguage()
  const freeOf = useFree(house)
  const { plan, census, show } = house
  return (
    <ul class="sections">
      {plan.sections.map(({ id, name, price, zone, seats }, at) => {
        const free = census.inSection(at)
        return (
          <li key={id}>
            <button type="button" class={zoneClass(house, zone)} onClick={() => onChoose(at)}>
              <Glyph look={free > 0 ? 'free' : 'sold'} />
              <strong>{name}</strong>
              <span class="price">{format.money({ currency: show.currency, value: price })}</span>
              <span class="count">{freeOf(free, seats)}</span>
            </button>
          </li>
        )
      })}
    </ul>
  )
}

function SectionSeats({ house, at, onLeave }: { house: House; at: number; onLeave: () => void }) {
  const { words, format } = useLanguage()
  const turn = useStore(house.turn)
  const count = useStore(house.desk.together)
  const section = house.plan.sections[at]!
  const [active, setActive] = useState(section.first)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  const goToFree = () => {
    const { first, seats } = section
    const isFree = (index: number) => house.desk.isFree(index)
    const found = firstTogether(house.plan, { first, end: first + seats, count }, isFree)
    if (!found) return house.tell({ type: 'none-together', count })
    setActive(found[0]!)
    // The row may have to be drawn first.
    requestAnimationFrame(() => document.getElementById(`seat-${found[0]}`)?.focus())
  }
  const freeOf = useFree(house)
  return (
    <section class="list" aria-labelledby="section-title">
      <button class="plain" type="button" onClick={onLeave}>
        <Icon name="back" />
        {words.list.all}
      </button>
      <h2 id="section-title" tabIndex={-1} ref={heading}>
        {section.name}
      </h2>
      <p class="note">
        {format.money({ currency: house.show.currency, value: section.price })}
        {' · '}
        {freeOf(house.census.inSection(at), section.seats)}
      </p>
      <p class="note" id="grid-hint">
        {words.list.hint}
      </p>
      <button class="plain" type="button" onClick={goToFree}>
        {words.list.find(count)}
      </button>
      <SeatGrid
        {...{ house, section, turn, active }}
        onActive={setActive}
        onLeave={onLeave}
        label={words.list.grid(section.name)}
      />
    </section>
  )
}
