/** The feed's part of the AsyncAPI document, made from the schemas that validate its frames. */
import type { TSchema } from '@sinclair/typebox'
import {
  BEARER_PREFIX,
  CLIENT_FRAMES,
  CLOSE_CODES,
  FEED_PATH,
  FEED_PROTOCOL,
  SERVER_FRAMES,
} from './feed.ts'

const CONTENT_TYPE = 'application/json'

/** One operation and message for each frame, on one channel. */
export function feedPart() {
  const received = Object.values(CLIENT_FRAMES).map(nameOf)
  const sent = Object.values(SERVER_FRAMES).map(nameOf)
  const schemas = [...Object.values(CLIENT_FRAMES), ...Object.values(SERVER_FRAMES)]
  return {
    channel: {
      address: FEED_PATH,
      title: 'The live seat map and its commands',
      description:
        `A WebSocket of the subprotocol ${FEED_PROTOCOL}; a token is offered as a second ` +
        `subprotocol, ${BEARER_PREFIX}<JWT>. JSON text frames. Close codes: ` +
        `${Object.entries(CLOSE_CODES)
          .map(([reason, code]) => `${code} ${reason}`)
          .join(', ')}.`,
      messages: Object.fromEntries([...received, ...sent].map((name) => [name, refTo(name)])),
      bindings: { ws: { method: 'GET' } },
    },
    operations: Object.fromEntries([
      ...received.map((name) => operationOf('receive', name)),
      ...sent.map((name) => operationOf('send', name)),
    ]),
    messages: Object.fromEntries(schemas.map((schema) => [nameOf(schema), messageOf(schema)])),
    schemas: Object.fromEntries(schemas.map((schema) => [nameOf(schema), withoutIds(schema)])),
  }
}

const nameOf = (schema: TSchema): string => schema.$id as string
const refTo = (name: string) => ({ $ref: `#/components/messages/${name}` })

const operationOf = (action: 'send' | 'receive', name: string): [string, unknown] => [
  `feed_${action}_${name}`,
  {
    action,
    channel: { $ref: '#/channels/feed' },
    messages: [{ $ref: `#/channels/feed/messages/${name}` }],
  },
]

function messageOf(schema: TSchema) {
  const name = nameOf(schema)
  return {
    name,
    contentType: CONTENT_TYPE,
    ...(schema.description && { summary: schema.description }),
    payload: { $ref: `#/components/schemas/${name}` },
  }
}

/** A schema inside of a document is found by its place; an id of its own would move its references. */
const withoutIds = (schema: TSchema): unknown =>
  JSON.parse(JSON.stringify(schema, (key, value) => (key === '$id' ? undefined : value)))
