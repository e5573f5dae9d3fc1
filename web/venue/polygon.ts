/** Polygons as flat lists of corners, `[x, y, x, y, ...]`. */

export type Polygon = readonly number[]

/** Whether a point is inside (even-odd rule). */
export function isInside(polygon: Polygon, x: number, y: number): boolean {
  let inside = false
  for (let at = 0, last = polygon.length - 2; at < polygon.length; last = at, at += 2) {
    const [ax, ay] = [polygon[at] as number, polygon[at + 1] as number]
    const [bx, by] = [polygon[last] as number, polygon[last + 1] as number]
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside
  }
  return inside
}

/** The centre of gravity; of something without area the mean of its corners. */
export function centroidOf(polygon: Polygon): { x: number; y: number } {
  let [area, x, y, sumX, sumY] = [0, 0, 0, 0, 0]
  for (let at = 0, last = polygon.length - 2; at < polygon.length; last = at, at += 2) {
    const [ax, ay] = [polygon[last] as number, polygon[last + 1] as number]
    const [bx, by] = [polygon[at] as number, polygon[at + 1] as number]
    const cross = ax * by - bx * ay
    area += cross
    x += (ax + bx) * cross
    y += (ay + by) * cross
    sumX += bx
    sumY += by
  }
  const corners = polygon.length / 2
  if (Math.abs(area) < 1e-9) return { x: sumX / corners, y: sumY / corners }
  return { x: x / (3 * area), y: y / (3 * area) }
}

/** How wide the polygon is at a point inside it, measured level and to the nearer side. */
export function widthAt(polygon: Polygon, x: number, y: number): number {
  let [left, right] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let at = 0, last = polygon.length - 2; at < polygon.length; last = at, at += 2) {
    const [ax, ay] = [polygon[at] as number, polygon[at + 1] as number]
    const [bx, by] = [polygon[last] as number, polygon[last + 1] as number]
    if (ay > y === by > y) continue
    const crossing = ((bx - ax) * (y - ay)) / (by - ay) + ax
    if (crossing < x) left = Math.min(left, x - crossing)
    else right = Math.min(right, crossing - x)
  }
  const half = Math.min(left, right)
  return Number.isFinite(half) ? 2 * half : 0
}

/** How far the nearest edge is from a point. */
export function roomAround(polygon: Polygon, x: number, y: number): number {
  let nearest = Number.POSITIVE_INFINITY
  for (let at = 0, last = polygon.length - 2; at < polygon.length; last = at, at += 2) {
    const [ax, ay] = [polygon[last] as number, polygon[last + 1] as number]
    const [dx, dy] = [(polygon[at] as number) - ax, (polygon[at + 1] as number) - ay]
    const length = dx * dx + dy * dy
    const along = length === 0 ? 0 : ((x - ax) * dx + (y - ay) * dy) / length
    const share = Math.max(0, Math.min(1, along))
    nearest = Math.min(nearest, Math.hypot(ax + dx * share - x, ay + dy * share - y))
  }
  return nearest
}

/** The smallest convex polygon around points (Andrew's monotone chain). */
export function hullOf(points: readonly (readonly [number, number])[]): number[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const chain = (list: readonly (readonly [number, number])[]): [number, number][] => {
    const kept: [number, number][] = []
    for (const [x, y] of list) {
      while (kept.length > 1 && !turnsLeft(kept.at(-2)!, kept.at(-1)!, [x, y])) kept.pop()
      kept.push([x, y])
    }
    return kept.slice(0, -1)
  }
  const hull = [...chain(sorted), ...chain(sorted.toReversed())]
  return hull.flat()
}

const turnsLeft = (
  a: readonly [number, number],
  b: readonly [number, number],
  c: readonly [number, number],
): boolean => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0
