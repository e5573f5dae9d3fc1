import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { useStore } from '../app/store.ts'
import { type Claims, isHeld, priceOf } from '../booking/claims.ts'
import { seatAt } from '../venue/plan.ts'
import { clockTime } from '../words/format.ts'
import { warnFrom } from './Countdown.tsx'
import { Empty } from './Empty.tsx'

/** Where there is no room for a basket beside the map: what it says in one line. */
export function Summary(of: { house: House; claims: Claims; onPay: () => void }) {
  const { house, claims, onPay } = of
  const { words, format } = useLanguage()
  const leftMs = useStore(house.desk.leftMs)
  const held = claims.filter(isHeld)
  const count = held.reduce((sum, { indexes }) => sum + indexes.length, 0)
  if (count === 0) {
    return (
      <div class="summary">
        <Empty house={house} isBrief />
      </div>
    )
  }
  const value = priceOf(held, (index) => seatAt(house.plan, index).section.price)
  const isUrgent = leftMs !== null && leftMs <= warnFrom(house)
  return (
    <div class="summary">
      <p>
        <strong>{format.money({ currency: house.show.currency, value })}</strong>
        <span>
          {words.basket.seatCount(count)}
          {leftMs !== null && (
            <>
              {' · '}
              <b class={isUrgent ? 'urgent' : ''}>{clockTime(leftMs)}</b>
            </>
          )}
        </span>
      </p>
      <button class="primary" type="button" onClick={onPay}>
        {words.basket.pay}
      </button>
    </div>
  )
}
