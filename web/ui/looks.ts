import type { House } from '../app/house.ts'
import { zoneColour } from '../map/colours.ts'
import type { SeatLook } from '../words/words.ts'

const STATES = ['free', 'held', 'sold', 'blocked'] as const

/** How a seat looks to this buyer. */
export const lookAt = (house: House, index: number): SeatLook =>
  house.looks.get(index) ?? STATES[house.watch.map.stateAt(index)]

/** The class that gives a zone its colour. */
export const zoneClass = ({ plan }: Pick<House, 'plan'>, zone: number): string =>
  `zone-${zoneColour(zone, plan.zones.length) + 1}`
