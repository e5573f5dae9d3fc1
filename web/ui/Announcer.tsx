import { useEffect, useState } from 'preact/hooks'
import type { House, Told } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { useStore } from '../app/store.ts'
import { isSpokenOnly } from '../booking/notice.ts'
import { seatWords } from './seatWords.ts'

const SHOWN_MS = 7_000

/** Says to screen readers what happened, politely, and shows what cannot be seen elsewhere. */
export function Announcer({ house }: { house: House }) {
  const { words } = useLanguage()
  const told = useStore(house.told)
  const [dismissed, setDismissed] = useState<Told | null>(null)
  useEffect(() => {
    const timer = setTimeout(() => setDismissed(told), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [told])
  const say = ({ notice }: Told): string =>
    words.notice(notice, (seatId) => words.seat(seatWords(house.plan, seatId)))
  const isShown = told !== null && told !== dismissed && !isSpokenOnly(told.notice)
  return (
    <>
      {/* Another element each time, or a repeated sentence would not be said again. */}
      <div class="hidden" role="status" aria-live="polite">
        {told && <p key={told.turn}>{say(told)}</p>}
      </div>
      {isShown && (
        <p class="toast" aria-hidden="true" key={told.turn}>
          {say(told)}
        </p>
      )}
    </>
  )
}
