import { useEffect, useState } from 'preact/hooks'
import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { useStore } from '../app/store.ts'

const BACK_SHOWN_MS = 2_500

/** Tells while the map is not live, and for a moment that it is again. */
export function ConnectionBar({ house, onAnew }: { house: House; onAnew: () => void }) {
  const { words } = useLanguage()
  const liveness = useStore(house.liveness)
  const state = useStore(house.connectionState)
  const [wasLost, setWasLost] = useState(false)
  useEffect(() => {
    if (liveness === 'lost') setWasLost(true)
    if (liveness !== 'live') return
    const timer = setTimeout(() => setWasLost(false), BACK_SHOWN_MS)
    return () => clearTimeout(timer)
  }, [liveness])
  useEffect(() => {
    const retry = () => house.connection.retryNow()
    addEventListener('online', retry)
    return () => removeEventListener('online', retry)
  }, [house])
  if (liveness === 'closed') {
    return (
      <div class="banner lost" role="alert">
        {words.connection.closed}
        <button class="plain" type="button" onClick={onAnew}>
          {words.connection.reload}
        </button>
      </div>
    )
  }
  if (liveness === 'lost') {
    return (
      <div class="banner lost">
        <span class="pulse" />
        {words.connection.lost}
        {state.type === 'waiting' && (
          <button class="plain" type="button" onClick={() => house.connection.retryNow()}>
            {words.connection.retry}
          </button>
        )}
      </div>
    )
  }
  if (liveness === 'live' && wasLost) return <div class="banner back">{words.connection.back}</div>
  return null
}
