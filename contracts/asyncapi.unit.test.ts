import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { asyncapi } from './asyncapi.ts'
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

  it('has a channel for every topic and for its dead letters', () => {
    const addresses = Object.values(document.channels as Record<string, { address: string }>)
    expect(addresses.map(({ address }) => address).toSorted()).toEqual(
      TOPICS.flatMap((topic) => [topic, `${topic}.DLQ`]).toSorted(),
    )
  })
})
