import { Glyph } from './Glyph.tsx'

const ROWS = 6
const SEATS = 11
const PITCH = 34
/** Some seats are taken, and one is yours; always the same ones. */
const HELD = new Set(['1-3', '1-4', '4-8'])
const SOLD = new Set(['0-2', '0-3', '2-1', '3-9', '3-10', '5-5', '0-7', '4-2', '4-3'])
const MINE = new Set(['2-6', '2-7'])

function lookAt(row: number, seat: number) {
  const name = `${row}-${seat}`
  if (MINE.has(name)) return 'mine'
  if (HELD.has(name)) return 'held'
  return SOLD.has(name) ? 'sold' : 'free'
}

/** A few rows of the house, for the first glance. */
export function HeroRows() {
  const middle = (SEATS - 1) / 2
  return (
    <div class="rows" aria-hidden="true">
      {Array.from({ length: ROWS * SEATS }, (_, at) => {
        const [row, seat] = [Math.floor(at / SEATS), at % SEATS]
        const off = seat - middle
        const style = {
          left: `${seat * PITCH}px`,
          top: `${row * PITCH * 1.2 - off * off * 1.5 + 40}px`,
        }
        return (
          <span key={at} class={`zone-${[1, 1, 2, 4, 4, 5][row]}`} style={style}>
            <Glyph look={lookAt(row, seat)} />
          </span>
        )
      })}
    </div>
  )
}
