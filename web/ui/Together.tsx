import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { useStore } from '../app/store.ts'
import { Icon } from './Icon.tsx'

const TOGETHER_MAX = 8

/** How many seats side by side one press holds. */
export function Together({ house }: { house: House }) {
  const { words } = useLanguage()
  const count = useStore(house.desk.together)
  const { seatsPerHoldMax, seatsPerBuyerMax } = house.show.policy
  const most = Math.min(TOGETHER_MAX, seatsPerHoldMax, seatsPerBuyerMax)
  if (most === 1) return null
  const step = (by: number) => () =>
    house.desk.together.update((now) => Math.min(most, Math.max(1, now + by)))
  return (
    <fieldset class="together">
      <legend>{words.legend.together}</legend>
      <div class="stepper">
        <button
          type="button"
          aria-label={words.legend.fewer}
          onClick={step(-1)}
          disabled={count === 1}
        >
          <Icon name="minus" />
        </button>
        <output aria-live="polite" aria-label={words.legend.togetherValue(count)}>
          {count}
        </output>
        <button
          type="button"
          aria-label={words.legend.more}
          onClick={step(1)}
          disabled={count === most}
        >
          <Icon name="plus" />
        </button>
      </div>
    </fieldset>
  )
}
