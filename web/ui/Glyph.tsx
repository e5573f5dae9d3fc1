import type { SeatLook } from '../words/words.ts'

/** A seat as the map draws it (see map/seats.ts), for legends and baskets. */
export function Glyph({ look }: { look: SeatLook }) {
  return (
    <svg class={`glyph glyph-${look}`} viewBox="-11 -11 22 22" aria-hidden="true">
      {shapeOf(look)}
    </svg>
  )
}

const OWN = <rect class="own" x="-9" y="-9" width="18" height="18" rx="3" />
const STAR = 'M0 -6.2 1.6 -2.2 5.9 -1.9 2.6 0.9 3.7 5 0 2.7 -3.7 5 -2.6 0.9 -5.9 -1.9 -1.6 -2.2Z'

function shapeOf(look: SeatLook) {
  switch (look) {
    case 'free':
      return <circle class="zone" r="9" />
    case 'held':
      return <circle class="held" r="6.4" />
    case 'sold':
      return <path class="taken" d="M-4.6-4.6 4.6 4.6M4.6-4.6-4.6 4.6" />
    case 'blocked':
      return <path class="taken bar" d="M-7 0H7" />
    case 'pending':
      return (
        <>
          <rect class="own-line" x="-8" y="-8" width="16" height="16" rx="3" />
          <circle class="own" r="2.8" />
        </>
      )
    case 'mine':
      return (
        <>
          {OWN}
          <path class="on-own-line" d="M-4 0.4-1.1 3.4 4.3-3.2" />
        </>
      )
    case 'paying':
      return (
        <>
          {OWN}
          <circle class="on-own" cx="-4.5" r="1.5" />
          <circle class="on-own" r="1.5" />
          <circle class="on-own" cx="4.5" r="1.5" />
        </>
      )
    case 'ticket':
      return (
        <>
          {OWN}
          <path class="on-own" d={STAR} />
        </>
      )
  }
}
