import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { asyncapi } from './asyncapi.ts'
import { CLIENT_FRAMES, FEED_PATH, SERVER_FRAMES } from './feed.ts'
import { TOPICS } from './topics.ts'

const schema = createRequire(import.meta.url)(
  '@asyncapi/specs/schemas/3.0.0-without-$id.json',
) as object

describe('the AsyncAPI document', () => {
  const document = JSON.parse(JSON.stringify(asyncapi('0.1.0')))

  it('is valid by the AsyncAPI 3.0 schema', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
    const isValid = ajv.compile(schema)
    isValid(document)
    expect(isValid.errors).toBe(null)
  })

  it('has a channel for every topic, for its dead letters, and for the feed', () => {
    const addresses = Object.values(document.channels as Record<string, { address: string }>)
    expect(addresses.map(({ address }) => address).toSorted()).toEqual(
      [...TOPICS.flatMap((topic) => [topic, `${topic}.DLQ`]), FEED_PATH].toSorted(),
    )
  })

  it('has every frame of the feed, received or sent', () => {
    const actionOf = (frame: { $id?: string }, action: string) =>
      document.operations[`feed_${action}_${frame.$id}`]?.action
    for (const frame of Object.values(CLIENT_FRAMES))
      expect(actionOf(frame, 'receive')).toBe('receive')
    for (const frame of Object.values(SERVER_FRAMES)) expect(actionOf(frame, 'send')).toBe('send')
  })

  it('names nothing that it does not have', () => {
    const targets = JSON.stringify(document).match(/#\/[^"]+/g) ?? []
    for (const target of new Set(targets)) {
      const path = target.slice(2).split('/')
      const found = path.reduce((node, name) => node?.[name.replace('~1', '/')], document)
      expect(found, target).toBeDefined()
    }
    expect(targets.length).toBeGreaterThan(50)
  })
})
