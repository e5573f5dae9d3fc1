import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import { type Claim, type Claims, isConfirmed, isHeld, lookOf, priceOf } from '../booking/claims.ts'
import { seatAt } from '../venue/plan.ts'
import { Countdown } from './Countdown.tsx'
import { Empty } from './Empty.tsx'
import { Glyph } from './Glyph.tsx'
import { Icon } from './Icon.tsx'
import { zoneClass } from './looks.ts'

interface BasketOf {
  house: House
  claims: Claims
  onPay: () => void
  /** Shows the tickets of former purchases; null when there are none. */
  tickets: (() => void) | null
}

export function Basket({ house, claims, onPay, tickets }: BasketOf) {
  const { words, format } = useLanguage()
  const open = claims.filter((claim) => isHeld(claim) || claim.doing === 'hold')
  const held = open.filter(isHeld)
  const value = priceOf(open, (index) => seatAt(house.plan, index).section.price)
  const ticketCount = claims
    .filter(isConfirmed)
    .reduce((sum, { seatIds }) => sum + seatIds.length, 0)
  return (
    <div class="basket">
      <h2 tabIndex={-1}>{words.basket.title}</h2>
      {open.length === 0 ? (
        <div class="empty">
          <Empty house={house} />
        </div>
      ) : (
        <>
          <Countdown house={house} />
          <ul class="seats">
            {open.map((claim) => (
              <Item key={claim.key} house={house} claim={claim} />
            ))}
          </ul>
          <p class="total">
            <span>{words.basket.total}</span>
            <strong>{format.money({ currency: house.show.currency, value })}</strong>
          </p>
          <button class="primary" type="button" onClick={onPay} disabled={held.length === 0}>
            {words.basket.pay}
          </button>
        </>
      )}
      {tickets && (
        <button class="plain wide" type="button" onClick={tickets}>
          <Glyph look="ticket" />
          {words.after.ticketsButton(ticketCount)}
        </button>
      )}
    </div>
  )
}

/** The seats of one hold, which are given back together. */
function Item({ house, claim }: { house: House; claim: Claim }) {
  const { words, format } = useLanguage()
  const seats = claim.indexes.map((index) => seatAt(house.plan, index))
  const named = seats
    .map(({ section, row, number }) => words.seat({ section: section.name, row: row.id, number }))
    .join(', ')
  return (
    <li class={claim.doing ? 'waiting' : ''}>
      <ul>
        {seats.map(({ index, section, row, number }) => (
          <li key={index} class={zoneClass(house, section.zone)}>
            <Glyph look={lookOf(claim) ?? 'mine'} />
            <span class="seat">
              <strong>{section.name}</strong>
              <span>{words.seatShort({ section: section.name, row: row.id, number })}</span>
            </span>
            <span class="price">
              {format.money({ currency: house.show.currency, value: section.price })}
            </span>
          </li>
        ))}
      </ul>
      <button
        class="quiet"
        type="button"
        aria-label={words.basket.release(named)}
        title={words.basket.release(named)}
        disabled={!isHeld(claim) || claim.doing !== null}
        onClick={() => void house.desk.release(claim)}
      >
        <Icon name="close" />
      </button>
    </li>
  )
}
