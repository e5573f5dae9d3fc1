import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { useStore } from '../app/store.ts'
import type { SeatLook } from '../words/words.ts'
import { Glyph } from './Glyph.tsx'
import { zoneClass } from './looks.ts'

interface LegendOf {
  house: House
  /** The price that alone is shown, or null for all. */
  zone: number | null
  onZone: (zone: number | null) => void
}

/** The prices, each of which can be looked at alone, and how many seats are left for it. */
export function Legend({ house, zone, onZone }: LegendOf) {
  const { words, format } = useLanguage()
  useStore(house.turn)
  const { plan, census, show } = house
  return (
    <section class="legend" aria-label={words.legend.prices}>
      <h3>{words.legend.prices}</h3>
      <ul>
        {plan.zones.map(({ price }, at) => {
          const money = format.money({ currency: show.currency, value: price })
          return (
            <li key={price} class={zoneClass(house, at)}>
              <button
                type="button"
                aria-pressed={zone === at}
                title={words.legend.zoneOnly(money)}
                onClick={() => onZone(zone === at ? null : at)}
              >
                <Glyph look="free" />
                <span class="price">{money}</span>
                {house.isKnown && (
                  <span class="count">
                    {words.legend.zoneFree(format.number(census.inZone(at)))}
                  </span>
                )}
              </button>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

const EXPLAINED: readonly SeatLook[] = ['free', 'mine', 'held', 'sold', 'blocked']

/** What the shapes mean; a free seat in one of the colours that it has in this house. */
export function Key({ house }: { house: House }) {
  const { words } = useLanguage()
  return (
    <section class={`key ${zoneClass(house, 0)}`} aria-label={words.legend.seats}>
      <ul>
        {EXPLAINED.map((look) => (
          <li key={look}>
            <Glyph look={look} />
            {words.look[look]}
          </li>
        ))}
      </ul>
    </section>
  )
}
