/** Shows and their seat maps. */
import {
  SeatMap,
  SHOW_BODY_BYTES_MAX,
  Show,
  ShowList,
  ShowRequest,
} from '../../../contracts/http.ts'
import type { SeatMapSnapshot } from '../../seatmap/types.ts'
import { bodyOf, define } from '../../shows/definition.ts'
import type { Show as KnownShow } from '../../shows/show.ts'
import type { Shows } from '../../shows/shows.ts'
import { matches, notModified, prefersBytes } from '../conditional.ts'
import { json, jsonText, problem, type Reply } from '../reply.ts'
import { type Route, route } from '../route.ts'

/** The part of the seat maps that is served here. */
export interface Snapshots {
  snapshot(show: KnownShow, options?: { atLeast?: string }): Promise<SeatMapSnapshot>
}

export interface ShowRoutesOptions {
  readonly shows: Shows
  readonly maps: Snapshots
  /** The newest version of a show that this process has answered anybody. */
  readonly versionSeen: (showId: string) => string | undefined
}

const SHOW_MAX_AGE = 'public, max-age=300, immutable'
/** Fresh for nobody, but worth a conditional request. */
const MAP_MAX_AGE = 'no-cache'

export function showRoutes(options: ShowRoutesOptions): Route[] {
  const { shows } = options
  return [createShow(shows), listShows(shows), readShow(shows), readSeats(options)]
}

function createShow(shows: Shows): Route {
  return route({
    method: 'POST',
    path: '/v1/shows',
    access: 'operator',
    body: { schema: ShowRequest, bytesMax: SHOW_BODY_BYTES_MAX },
    document: {
      operationId: 'createShow',
      summary: 'Create a show; the same show again is answered 200',
      tag: 'shows',
      answers: {
        200: { description: 'it was there already', content: { 'application/json': Show } },
        201: {
          description: 'created',
          content: { 'application/json': Show },
          headers: { Location: 'where the show is' },
        },
      },
      problems: ['bad-request', 'body-too-large', 'show-exists'],
    },
    handle: async ({ body }) => {
      const defined = define(body)
      if (defined.type === 'faulty') {
        return problem('bad-request', defined.faults[0]?.message, {
          errors: defined.faults.slice(0, 10),
        })
      }
      const created = await shows.create(defined.definition)
      if (created.type === 'exists') {
        return problem('show-exists', 'another show has this id, and shows never change')
      }
      const { show } = created
      const headers = [['Location', `/v1/shows/${show.showId}`]] as const
      return json(created.type === 'created' ? 201 : 200, bodyOf(show), headers)
    },
  })
}

function listShows(shows: Shows): Route {
  return route({
    method: 'GET',
    path: '/v1/shows',
    access: 'public',
    document: {
      operationId: 'listShows',
      summary: 'All shows, the earliest first',
      tag: 'shows',
      answers: { 200: { description: 'the shows', content: { 'application/json': ShowList } } },
    },
    handle: async () => json(200, { shows: await shows.list() }),
  })
}

function readShow(shows: Shows): Route {
  return route({
    method: 'GET',
    path: '/v1/shows/{showId}',
    access: 'public',
    headers: ['if-none-match'],
    document: {
      operationId: 'readShow',
      summary: 'A show: its rules, sections, rows and prices; it never changes',
      tag: 'shows',
      answers: {
        200: {
          description: 'the show',
          content: { 'application/json': Show },
          headers: { ETag: 'its validator' },
        },
        304: { description: 'the client has it' },
      },
      headers: { 'If-None-Match': 'validators that the client has' },
      problems: ['not-found'],
    },
    handle: async ({ params, headers }) => {
      const show = await shows.find(params[0] as string)
      if (!show) return noSuchShow()
      const validators = [
        ['ETag', show.etag],
        ['Cache-Control', SHOW_MAX_AGE],
      ] as const
      if (matches(headers['if-none-match'] as string, show.etag)) return notModified(validators)
      return json(200, bodyOf(show), validators)
    },
  })
}

function readSeats({ shows, maps, versionSeen }: ShowRoutesOptions): Route {
  return route({
    method: 'GET',
    path: '/v1/shows/{showId}/seats',
    access: 'public',
    headers: ['if-none-match', 'accept'],
    document: {
      operationId: 'readSeats',
      summary: 'The state of every seat, two bits each',
      tag: 'shows',
      answers: {
        200: {
          description: 'the map, at one version',
          content: {
            'application/json': SeatMap,
            'application/octet-stream': 'the states alone, as bytes',
          },
          headers: { ETag: 'the version', 'Seat-Map-Version': 'the version, unquoted' },
        },
        304: { description: 'the client has this version' },
      },
      headers: { 'If-None-Match': 'versions that the client has' },
      problems: ['not-found'],
    },
    handle: async ({ params, headers }) => {
      const showId = params[0] as string
      const show = shows.peek(showId) ?? (await shows.find(showId))
      if (!show) return noSuchShow()
      const atLeast = versionSeen(showId)
      const map = await maps.snapshot(show, atLeast ? { atLeast } : {})
      return mapReply(showId, map, headers as { accept: string; 'if-none-match': string })
    },
  })
}

function mapReply(
  showId: string,
  map: SeatMapSnapshot,
  asked: { accept: string; 'if-none-match': string },
): Reply {
  const etag = `"${map.version}"`
  const headers = [
    ['ETag', etag],
    ['Seat-Map-Version', map.version],
    ['Cache-Control', MAP_MAX_AGE],
    ['Vary', 'Accept'],
  ] as const
  if (matches(asked['if-none-match'], etag)) return notModified(headers)
  if (prefersBytes(asked.accept)) {
    return { status: 200, headers, contentType: 'application/octet-stream', body: map.states }
  }
  return jsonText(200, mapText(showId, map), headers)
}

/** The text of a snapshot, which many clients ask for before the next change. */
const texts = new WeakMap<SeatMapSnapshot, string>()

function mapText(showId: string, map: SeatMapSnapshot): string {
  const known = texts.get(map)
  if (known !== undefined) return known
  const { version, total, free, held, sold, blocked, states } = map
  const { buffer, byteOffset, byteLength } = states
  const packed = Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  const body = { showId, version, total, free, held, sold, blocked, states: packed }
  const text = JSON.stringify(body)
  texts.set(map, text)
  return text
}

const noSuchShow = (): Reply => problem('not-found', 'there is no such show')
