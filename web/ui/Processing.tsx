import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { type Claims, priceOf } from '../booking/claims.ts'
import { SeatLines } from './SeatLines.tsx'

/** While the bank is asked. */
export function Processing({ house, claims }: { house: House; claims: Claims }) {
  const { words, format } = useLanguage()
  const value = priceOf(claims, () => 0)
  return (
    <div class="processing">
      <h2 tabIndex={-1}>{words.processing.title}</h2>
      <div class="wave" aria-hidden="true">
        <span />
        <span />
        <span />
      </div>
      <p class="amount">{format.money({ currency: house.show.currency, value })}</p>
      <p>{words.processing.text}</p>
      <SeatLines house={house} claims={claims} />
      <p class="note">{words.processing.note}</p>
    </div>
  )
}
