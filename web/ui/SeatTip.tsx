import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { useStore } from '../app/store.ts'
import type { View } from '../map/scene.ts'
import { seatAt } from '../venue/plan.ts'
import { Glyph } from './Glyph.tsx'
import { lookAt, zoneClass } from './looks.ts'

/** Below this a tip stands under its seat, for there is no room above. */
const ROOM_PX = 84

/** What is under the pointer, and a ring around what a press would hold. */
export function SeatTip({ house, index, view }: { house: House; index: number; view: View }) {
  const { words, format } = useLanguage()
  useStore(house.turn)
  const { plan, show } = house
  const { section, row, number } = seatAt(plan, index)
  const look = lookAt(house, index)
  const place = (seat: number) => ({
    x: plan.xs[seat]! * view.k + view.x,
    y: plan.ys[seat]! * view.k + view.y,
  })
  const { x, y } = place(index)
  const size = plan.seatSize * view.k + 6
  const ringed = look === 'free' ? (house.desk.wantedAt(index) ?? [index]) : [index]
  const isBelow = y < ROOM_PX
  const top = isBelow ? y + size / 2 + 8 : y - size / 2 - 8
  return (
    <div class="over" aria-hidden="true">
      {ringed.map((seat) => {
        const at = place(seat)
        const style = {
          ...{ left: `${at.x - size / 2}px`, top: `${at.y - size / 2}px` },
          ...{ width: `${size}px`, height: `${size}px` },
        }
        return <span class="ring" key={seat} style={style} />
      })}
      <div class={`tip ${isBelow ? 'below' : ''}`} style={{ left: `${x}px`, top: `${top}px` }}>
        <strong>{words.seat({ section: section.name, row: row.id, number })}</strong>
        <span class={zoneClass(house, section.zone)}>
          <Glyph look={look} />
          {look === 'free'
            ? format.money({ currency: show.currency, value: section.price })
            : words.look[look]}
        </span>
      </div>
    </div>
  )
}
