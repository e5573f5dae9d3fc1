import { useMemo } from 'preact/hooks'
import qrcode from 'qrcode-generator'
import type { House } from '../app/house.ts'
import { useLanguage } from '../app/language.ts'
import type { Claims } from '../booking/claims.ts'
import { seatWords } from './seatWords.ts'

/** Error correction that bears a scratch on a screen. */
const CORRECTION = 'M'
const QUIET_ZONE = 2

export function Tickets({ house, claims }: { house: House; claims: Claims }) {
  const tickets = claims.flatMap(({ reservation }) => reservation?.tickets ?? [])
  return (
    <ul class="tickets">
      {tickets.map(({ ticketId, seatId }) => (
        <li key={ticketId}>
          <Ticket house={house} ticketId={ticketId} seatId={seatId} />
        </li>
      ))}
    </ul>
  )
}

function Ticket(of: { house: House; ticketId: string; seatId: string }) {
  const { house, ticketId, seatId } = of
  const { words, format } = useLanguage()
  const { name, startsAt } = house.show
  const seat = seatWords(house.plan, seatId)
  return (
    <article class="ticket">
      <header>
        <h3>{name}</h3>
        <p>{format.startsAt(startsAt)}</p>
      </header>
      <div class="body">
        <p class="place">
          <span>{seat.section}</span>
          <strong>{words.seatShort(seat)}</strong>
        </p>
        <QrCode text={ticketId} label={words.after.code(ticketId)} />
        <p class="id">
          <span>{words.after.ticketId}</span>
          <code>{ticketId}</code>
        </p>
      </div>
    </article>
  )
}

/** A QR code as one path of squares, dark on light whatever the colours of the page. */
function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => {
    const code = qrcode(0, CORRECTION)
    code.addData(text)
    code.make()
    const count = code.getModuleCount()
    let squares = ''
    for (let y = 0; y < count; y++) {
      for (let x = 0; x < count; x++) if (code.isDark(y, x)) squares += `M${x} ${y}h1v1h-1z`
    }
    return { size: count, path: squares }
  }, [text])
  const edge = size + 2 * QUIET_ZONE
  return (
    <svg
      class="qr"
      role="img"
      aria-label={label}
      viewBox={`${-QUIET_ZONE} ${-QUIET_ZONE} ${edge} ${edge}`}
      shape-rendering="crispEdges"
    >
      <path d={path} />
    </svg>
  )
}
