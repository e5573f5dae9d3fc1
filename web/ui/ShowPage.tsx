import { useEffect, useState } from 'preact/hooks'
import { exposeDiagnostics } from '../app/diagnostics.ts'
import { type House, type Opening, openHouse } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { leaveSession } from '../app/session.ts'
import { HousePage } from './HousePage.tsx'
import { Icon } from './Icon.tsx'

/** Opens the show, and opens it anew when the server has ended the visit. */
export function ShowPage({ showId }: { showId: string }) {
  const { words } = useLanguage()
  const [opening, setOpening] = useState<Opening | null>(null)
  const [visit, setVisit] = useState(0)
  useEffect(() => {
    let house: House | null = null
    let isGone = false
    void openHouse(showId).then((opened) => {
      if (opened.type === 'open') {
        house = opened.house
        if (isGone) return house.close()
        exposeDiagnostics(house)
      }
      if (!isGone) setOpening(opened)
    })
    return () => {
      isGone = true
      house?.close()
    }
  }, [showId, visit])
  const again = () => {
    setOpening(null)
    setVisit(visit + 1)
  }
  const anew = () => {
    leaveSession()
    again()
  }
  if (opening?.type === 'open') {
    return <HousePage house={opening.house} key={visit} onAnew={anew} />
  }
  if (opening === null) return <Frame />
  return (
    <main class="shows" id="content" tabIndex={-1}>
      {opening.type === 'missing' && (
        <div class="hero">
          <div>
            <h1>{words.show.notFound}</h1>
            <p>{words.show.notFoundHint}</p>
            <a class="plain" href="#/">
              {words.show.back}
            </a>
          </div>
        </div>
      )}
      {opening.type === 'failed' && (
        <div class="hero" role="alert">
          <div>
            <h1>{words.show.failed}</h1>
            <p>{words.show.failedHint}</p>
            <button class="plain" type="button" onClick={again}>
              {words.shows.retry}
            </button>
          </div>
        </div>
      )}
    </main>
  )
}

/** The frame of a house, so that nothing jumps when it is there. */
function Frame() {
  const { words } = useLanguage()
  return (
    <main class="house" id="content" tabIndex={-1}>
      <div class="title">
        <a class="back" href="#/" aria-label={words.show.back}>
          <Icon name="back" />
        </a>
        <div class="name">
          <h1>{words.show.loading} …</h1>
          <p>&nbsp;</p>
        </div>
      </div>
      <div class="stage-area" />
      <div class="panel" />
    </main>
  )
}
