/** What is wrong with the way a layout says where its seats stand (contracts/layout.md). */
import type { Geometry } from '../../contracts/http.ts'
import type { LayoutFault, Row, Section } from './layout.ts'

/**
 * Faults of sections whose shape is right. Geometry is all or nothing: a map on which some seats
 * are missing is worse than one that is drawn by default.
 */
export function faultsOfGeometry(
  sections: readonly Section[],
  geometry: Geometry | undefined,
): LayoutFault[] {
  const isDrawn = geometry !== undefined
  const ofSections = sections.flatMap((section, s) => [
    ...faultsOfOutline(section.outline, `/sections/${s}/outline`, isDrawn),
    ...section.rows.flatMap((row, r) => faultsOfRow(row, `/sections/${s}/rows/${r}`, isDrawn)),
  ])
  return [...faultsOfOutline(geometry?.stage, '/geometry/stage', true), ...ofSections]
}

const WITHOUT_SIZE = 'has no meaning without the geometry of the show'

function faultsOfOutline(
  outline: readonly number[] | undefined,
  path: string,
  isDrawn: boolean,
): LayoutFault[] {
  if (!outline) return []
  if (!isDrawn) return [{ path, message: WITHOUT_SIZE }]
  return isEven(outline) ? [] : [{ path, message: 'the last point lacks its y' }]
}

function faultsOfRow({ seats, curve, places }: Row, path: string, isDrawn: boolean): LayoutFault[] {
  if (!isDrawn) {
    const member = curve ? 'curve' : 'places'
    return curve || places ? [{ path: `${path}/${member}`, message: WITHOUT_SIZE }] : []
  }
  if (curve && places) {
    return [{ path: `${path}/places`, message: 'a row has a curve or places, not both' }]
  }
  if (!curve && !places) {
    return [{ path, message: 'where the show has geometry, each row has a curve or places' }]
  }
  if (curve && !isEven(curve)) {
    return [{ path: `${path}/curve`, message: 'a curve has two points or three' }]
  }
  if (places && places.length !== 2 * seats) {
    const message = `${seats} seats need ${2 * seats} numbers, and there are ${places.length}`
    return [{ path: `${path}/places`, message }]
  }
  return []
}

const isEven = (points: readonly number[]): boolean => points.length % 2 === 0
