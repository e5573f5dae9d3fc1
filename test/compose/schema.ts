/**
 * The part of the Compose Specification (compose-spec.io) that docker-compose.yml uses, as JSON
 * Schema. It is stricter than the specification: an attribute that does not stand here is an error,
 * so that a misspelt one cannot pass, and one form of an attribute is allowed where the
 * specification has several. Whoever needs another attribute adds it here.
 */
const text = { type: 'string', minLength: 1 } as const
const name = { type: 'string', pattern: '^[a-zA-Z0-9._-]+$' } as const
const words = { type: 'array', items: { type: 'string' }, minItems: 1 } as const
/** Go's notation: 500ms, 5s, 1m30s. */
const duration = { type: 'string', pattern: '^([0-9]+(ms|s|m|h))+$' } as const

const mapOf = (value: object) => ({
  type: 'object',
  patternProperties: { [name.pattern]: value },
  additionalProperties: false,
})

const healthcheck = {
  type: 'object',
  required: ['test', 'interval', 'timeout', 'retries'],
  properties: {
    test: {
      type: 'array',
      minItems: 2,
      items: { type: 'string' },
      prefixItems: [{ enum: ['CMD', 'CMD-SHELL'] }],
    },
    interval: duration,
    timeout: duration,
    retries: { type: 'integer', minimum: 1 },
    start_period: duration,
  },
  additionalProperties: false,
}

const dependency = {
  type: 'object',
  required: ['condition'],
  properties: {
    condition: { enum: ['service_started', 'service_healthy', 'service_completed_successfully'] },
  },
  additionalProperties: false,
}

const service = {
  type: 'object',
  required: ['image', 'profiles'],
  properties: {
    build: text,
    image: text,
    profiles: { type: 'array', items: name, minItems: 1, uniqueItems: true },
    restart: { enum: ['no', 'always', 'on-failure', 'unless-stopped'] },
    init: { type: 'boolean' },
    stop_grace_period: duration,
    command: words,
    environment: {
      type: 'object',
      patternProperties: { '^[A-Z][A-Z0-9_]*$': { type: ['string', 'number'] } },
      additionalProperties: false,
    },
    // [address:]published:container
    ports: { type: 'array', items: { type: 'string', pattern: '^([^:]+:)?[^:]+:[0-9]+$' } },
    volumes: { type: 'array', items: { type: 'string', pattern: '^[a-z]+:/[^:]+(:ro)?$' } },
    depends_on: mapOf(dependency),
    healthcheck,
  },
  additionalProperties: false,
}

export const COMPOSE_SCHEMA = {
  type: 'object',
  required: ['name', 'services', 'volumes'],
  properties: {
    name: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]*$' },
    services: mapOf(service),
    volumes: mapOf({ type: 'null' }),
  },
  patternProperties: { '^x-': {} },
  additionalProperties: false,
}
