import { useEffect, useState } from 'preact/hooks'
import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { NARROW, useMedia } from '../app/media.ts'
import { beginReading } from '../app/route.ts'
import { Announcer } from './Announcer.tsx'
import { ConnectionBar } from './ConnectionBar.tsx'
import { Icon } from './Icon.tsx'
import { Legend } from './Legend.tsx'
import { ListView } from './ListView.tsx'
import { MapView } from './MapView.tsx'
import { Panel } from './Panel.tsx'

type Way = 'map' | 'list'

/** A show: its map or its list, and beside it what the buyer has. */
export function HousePage({ house, onAnew }: { house: House; onAnew: () => void }) {
  const { words, format } = useLanguage()
  const [way, setWay] = useState<Way>('map')
  const [zone, setZone] = useState<number | null>(null)
  const isNarrow = useMedia(NARROW)
  const { name, startsAt } = house.show
  const legend = <Legend house={house} zone={zone} onZone={setZone} />
  useEffect(() => {
    document.title = `${name} · ${words.brand}`
  }, [name, words])
  useEffect(beginReading, [])
  return (
    <main class="house" id="content" tabIndex={-1}>
      <div class="title">
        <a class="back" href="#/" aria-label={words.show.back}>
          <Icon name="back" />
        </a>
        <div class="name">
          <h1>{name}</h1>
          <p>
            <time dateTime={startsAt} title={format.startsAt(startsAt)}>
              {isNarrow ? format.startsAtShort(startsAt) : format.startsAt(startsAt)}
            </time>
          </p>
        </div>
        <WaySwitch way={way} onChoose={setWay} />
      </div>
      <div class="stage-area">
        <ConnectionBar house={house} onAnew={onAnew} />
        {isNarrow && way === 'map' && legend}
        {way === 'map' ? <MapView house={house} zone={zone} /> : <ListView house={house} />}
      </div>
      <Panel house={house} legend={isNarrow || way === 'list' ? null : legend} />
      <Announcer house={house} />
    </main>
  )
}

function WaySwitch({ way, onChoose }: { way: Way; onChoose: (way: Way) => void }) {
  const { words } = useLanguage()
  return (
    <fieldset class="switch">
      <legend class="hidden">{words.show.viewLabel}</legend>
      {(['map', 'list'] as const).map((one) => (
        <label key={one}>
          <input
            type="radio"
            name="way"
            value={one}
            checked={way === one}
            aria-label={words.show[one]}
            onChange={() => onChoose(one)}
          />
          <span>
            <Icon name={one} />
            <span class="label">{words.show[one]}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
