/** The demo club: 200 seats at tables, in rows, on two galleries and at the bar, in centimetres. */
import type { ShowRequest } from '../../contracts/http.ts'
import { curveOf } from './arcs.ts'

type Section = ShowRequest['sections'][number]

const TABLE_CENTRES = [
  [-560, 180],
  [-190, 210],
  [190, 210],
  [560, 180],
  [-560, 440],
  [-190, 470],
  [190, 470],
  [560, 440],
] as const
const SEATS_PER_TABLE = 6
const TABLE_RADIUS = 78

function tables(): Section {
  const rows = TABLE_CENTRES.map(([x, y], table) => ({
    id: String(table + 1),
    seats: SEATS_PER_TABLE,
    places: Array.from({ length: SEATS_PER_TABLE }, (_, seat) => {
      const angle = (Math.PI / 3) * seat + Math.PI / 6
      return [
        Math.round(x + TABLE_RADIUS * Math.cos(angle)),
        Math.round(y + TABLE_RADIUS * Math.sin(angle)),
      ]
    }).flat(),
  }))
  const outline = [-690, 70, 690, 70, 690, 580, -690, 580]
  return { id: 'table', name: 'Tables', price: 88_000, rows, outline }
}

/** Five rows of 20 that bend towards the stage. */
function stalls(): Section {
  const fan = { x: 0, y: -1_400, from: Math.PI / 2 + 0.3, to: Math.PI / 2 - 0.3 }
  const rows = [...'ABCDE'].map((id, row) => {
    const curve = curveOf({ ...fan, radius: 2_175 + row * 95, seats: 20, pitch: 62 })
    return { id, seats: 20, curve }
  })
  return { id: 'stalls', name: 'Stalls', price: 66_000, rows }
}

/** Two files along a wall, from the stage backwards. */
function gallery(id: string, name: string, side: -1 | 1): Section {
  const rows = [860, 950].map((x, at) => ({
    id: String(at + 1),
    seats: 8,
    curve: [side * x, 90, side * x, 90 + 7 * 82],
  }))
  return { id, name, price: 55_000, rows }
}

const bar: Section = {
  ...{ id: 'bar', name: 'Bar stools', price: 44_000 },
  rows: [{ id: '1', seats: 20, curve: [-665, 1_345, 665, 1_345] }],
}

export const clubShow = (showId: string): ShowRequest => ({
  showId,
  name: 'Late set at the Cellar',
  startsAt: '2031-05-23T12:30:00.000Z',
  currency: 'KRW',
  geometry: { seatSize: 50, stage: [-420, -220, 420, -220, 340, -20, -340, -20] },
  sections: [
    tables(),
    stalls(),
    gallery('galleryL', 'Left gallery', -1),
    gallery('galleryR', 'Right gallery', 1),
    bar,
  ],
})
