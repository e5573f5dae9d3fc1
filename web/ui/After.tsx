import { useEffect, useState } from 'preact/hooks'
import type { Reservation } from '../../client/holdfast.ts'
import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { type Claim, type Claims, isConfirmed, isLost } from '../booking/claims.ts'
import { SeatLines } from './SeatLines.tsx'

type TicketsComponent = typeof import('./Tickets.tsx').Tickets

/** Tickets and what draws their codes are loaded when there are some. */
function useTickets(isNeeded: boolean): TicketsComponent | null {
  const [tickets, setTickets] = useState<TicketsComponent | null>(null)
  useEffect(() => {
    if (isNeeded) void import('./Tickets.tsx').then(({ Tickets }) => setTickets(() => Tickets))
  }, [isNeeded])
  return tickets
}

interface AfterOf {
  house: House
  /** All that was paid for, or tried. */
  claims: Claims
  onLeave: () => void
}

/** How a purchase ended: the tickets, or what happened and where the money is. */
export function After({ house, claims, onLeave }: AfterOf) {
  const { words } = useLanguage()
  const bought = claims.filter(isConfirmed)
  const lost = claims.filter(isLost)
  const Tickets = useTickets(bought.length > 0)
  const count = bought.reduce((sum, { seatIds }) => sum + seatIds.length, 0)
  const [first] = lost
  return (
    <div class="after">
      {bought.length > 0 && (
        <>
          <h2 tabIndex={-1}>{words.after.ticketsTitle(count)}</h2>
          <p>{words.after.ticketsText}</p>
          {Tickets && <Tickets house={house} claims={bought} />}
        </>
      )}
      {first && (
        <>
          <h2 tabIndex={-1}>
            {bought.length > 0 || !first.reservation
              ? words.after.mixedTitle
              : words.after.lostTitle(first.reservation)}
          </h2>
          {lost.map((claim) => (
            <Loss key={claim.key} house={house} claim={claim} isAlone={bought.length === 0} />
          ))}
        </>
      )}
      <div class="actions">
        {bought.length > 0 && (
          <button class="plain" type="button" onClick={() => print()}>
            {words.after.print}
          </button>
        )}
        <button class="primary" type="button" onClick={onLeave}>
          {bought.length > 0 ? words.after.done : words.after.again}
        </button>
      </div>
    </div>
  )
}

/** Whether money was taken that is not back yet, or may still be taken. */
const isMoneyAway = ({ status, payment }: Reservation): boolean =>
  payment?.status !== 'refunded' &&
  (status === 'expired' || status === 'refunding' || payment?.status === 'captured')

function Loss({ house, claim, isAlone }: { house: House; claim: Claim; isAlone: boolean }) {
  const { words, format } = useLanguage()
  const { reservation } = claim
  if (!reservation) return null
  return (
    <div class="loss">
      {!isAlone && <h3>{words.after.lostTitle(reservation)}</h3>}
      <p>{words.after.lostText(reservation)}</p>
      <SeatLines house={house} claims={[claim]} />
      <div class={isMoneyAway(reservation) ? 'money away' : 'money'}>
        <h3>{words.after.money}</h3>
        <p>{words.after.moneyText(reservation, format.money(reservation.amount))}</p>
      </div>
    </div>
  )
}
