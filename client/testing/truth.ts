/** What the server has published of a show, to hold the client's maps against. */
import type { Show } from '../../contracts/http.ts'
import type { Edge } from '../../reservation/testing/edge.ts'
import { FramedMap, tap } from '../../reservation/testing/feedTap.ts'

/** The map at every version that the server has published: a digit per seat, its state. */
export async function truthOf(
  edge: Edge,
  show: Show,
): Promise<{ at: Map<string, string>; stop(): Promise<void> }> {
  const one = await tap(edge)
  const map = new FramedMap()
  const at = new Map<string, string>()
  one.socket.addEventListener('message', ({ data }) => {
    map.apply(JSON.parse(data as string))
    at.set(map.version, map.states.join(''))
  })
  await one.ask({ op: 'subscribe', showId: show.showId }, 'snapshot')
  return { at, stop: () => one.close() }
}

/** A packed map as digits. */
export const textOf = (bytes: Uint8Array): string =>
  Array.from(
    { length: bytes.length * 4 },
    (_, at) => ((bytes[at >> 2] ?? 0) >> ((at & 3) * 2)) & 3,
  ).join('')
