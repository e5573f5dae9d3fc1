import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import type { Claims } from '../booking/claims.ts'
import { seatWords } from './seatWords.ts'

/** The seats of claims, one a line. */
export function SeatLines({ house, claims }: { house: House; claims: Claims }) {
  const { words } = useLanguage()
  return (
    <ul class="lines">
      {claims
        .flatMap(({ seatIds }) => seatIds)
        .map((seatId) => (
          <li key={seatId}>{words.seat(seatWords(house.plan, seatId))}</li>
        ))}
    </ul>
  )
}
