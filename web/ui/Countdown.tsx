import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { useStore } from '../app/store.ts'
import { clockTime } from '../words/format.ts'

/** From here on the buyer is warned; of a short hold from its last third on. */
const WARN_MS = 60_000

export function warnFrom(house: House): number {
  return Math.min(WARN_MS, house.show.policy.holdTtlMs / 3)
}

/** How long the seats are still held, with a way to have more time. */
export function Countdown({ house }: { house: House }) {
  const { words } = useLanguage()
  const leftMs = useStore(house.desk.leftMs)
  if (leftMs === null) return null
  const isUrgent = leftMs <= warnFrom(house)
  const share = Math.min(1, leftMs / house.show.policy.holdTtlMs)
  return (
    <div class={`countdown ${isUrgent ? 'urgent' : ''}`}>
      <div class="clock">
        <span class="time" role="timer" aria-label={words.basket.left(clockTime(leftMs))}>
          {clockTime(leftMs)}
        </span>
        <span class="caption">{isUrgent ? words.basket.warning : words.basket.leftShort}</span>
      </div>
      <button class="plain" type="button" onClick={() => void house.desk.extend()}>
        {words.basket.extend}
      </button>
      <div class="course" aria-hidden="true">
        <span style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  )
}
