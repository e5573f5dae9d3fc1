import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { useStore } from '../app/store.ts'

/** What a basket says that has nothing in it: what to do, unless there is nothing to be done. */
export function Empty({ house, isBrief = false }: { house: House; isBrief?: boolean }) {
  const { words } = useLanguage()
  useStore(house.turn)
  const { basket } = words
  const [title, hint] = house.isSoldOut
    ? [basket.noneFree, basket.noneFreeHint]
    : house.canBuy
      ? [basket.empty, basket.emptyHint(Math.floor(house.show.policy.holdTtlMs / 60_000))]
      : [words.show.noGuests, null]
  return (
    <>
      <p>
        <strong>{title}</strong>
      </p>
      {hint && !isBrief && <p>{hint}</p>}
    </>
  )
}
