import { Type } from '@sinclair/typebox'
import { afterEach, describe, expect, it } from 'vitest'
import { waitFor } from '../../../platform/testing/infra.ts'
import { SET_ASIDE_MS } from './balancer.ts'
import { type Client, type ClientOptions, defineClient, get, post } from './defineClient.ts'
import { ClientError } from './errors.ts'
import { type Instance, memoryLog, startFrozen, startInstance } from './testing.ts'

interface Greeting {
  greeting: string
}

const calls = {
  greet: post<{ name: string }, Greeting>('/greetings', Type.Object({ greeting: Type.String() })),
  read: get<{ id: string }, Greeting>('/greetings/{id}'),
}

const open: { close(): Promise<void> }[] = []
const running: { stop(): Promise<void> }[] = []

afterEach(async () => {
  for (const client of open.splice(0)) await client.close()
  for (const instance of running.splice(0)) await instance.stop()
})

const hello = (): { body: Greeting } => ({ body: { greeting: 'hello' } })

async function instanceOf(answer: Instance['answer'] = hello): Promise<Instance> {
  const instance = await startInstance(answer)
  running.push(instance)
  return instance
}

function clientOf(
  instances: readonly { url: string }[],
  options: Partial<ClientOptions<typeof calls>> = {},
): Client<typeof calls> {
  const client = defineClient({
    name: 'greeter',
    baseUrls: instances.map(({ url }) => url),
    calls,
    connectTimeoutMs: 1_000,
    readTimeoutMs: 1_000,
    log: memoryLog().log,
    ...options,
  })
  open.push(client)
  return client
}

/** How a call fails. */
async function failureOf(call: Promise<unknown>): Promise<ClientError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ClientError)
  return error as ClientError
}

async function timed<T>(work: Promise<T>): Promise<{ value: T; ms: number }> {
  const startedMs = performance.now()
  const value = await work
  return { value, ms: performance.now() - startedMs }
}

describe('a declared call', () => {
  it('posts its request as JSON and answers what comes back', async () => {
    const instance = await instanceOf()
    const client = clientOf([instance])
    expect(await client.greet({ name: 'Ada' })).toEqual({ greeting: 'hello' })
    expect(instance.received).toEqual([{ name: 'Ada' }])
  })

  it('puts the members of a request into its path', async () => {
    const instance = await instanceOf((path) => ({ body: { greeting: path } }))
    const client = clientOf([instance])
    expect(await client.read({ id: 'a/b c' })).toEqual({ greeting: '/greetings/a%2Fb%20c' })
  })

  it('refuses an answer that is not what was declared', async () => {
    const instance = await instanceOf(() => ({ body: { greeting: 7 } }))
    const client = clientOf([instance])
    const failure = await failureOf(client.greet({ name: 'Ada' }))
    expect(failure).toMatchObject({ code: 'GARBLED', mayHaveRun: true })
    instance.answer = () => ({ body: 'not JSON' })
    expect(await failureOf(client.greet({ name: 'Ada' }))).toMatchObject({ code: 'GARBLED' })
  })

  it('shares a few connections among many calls', async () => {
    const instance = await instanceOf()
    const client = clientOf([instance], { connectionsMax: 2 })
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.greet({ name: 'A' })))
    expect(answers).toHaveLength(50)
    expect(instance.received).toHaveLength(50)
  })
})

describe('the connect timeout', () => {
  it('ends a call to a place that takes no connection, which certainly did nothing', async () => {
    const frozen = await startFrozen()
    running.push(frozen)
    const client = clientOf([frozen], { connectTimeoutMs: 150, readTimeoutMs: 5_000 })
    const { value: failure, ms } = await timed(failureOf(client.greet({ name: 'Ada' })))
    expect(failure).toMatchObject({ code: 'NOT_SENT', mayHaveRun: false })
    expect(failure.message).toContain('no connection within 150 ms')
    expect(ms).toBeGreaterThan(140)
    expect(ms).toBeLessThan(1_000)
  })

  it('covers the wait for a free connection', async () => {
    const instance = await instanceOf(() => ({ isSilent: true }))
    const options = { connectionsMax: 1, connectTimeoutMs: 100, readTimeoutMs: 800 }
    const client = clientOf([instance], options)
    const first = failureOf(client.greet({ name: 'first' }))
    const second = await failureOf(client.greet({ name: 'second' }))
    expect(second).toMatchObject({ code: 'NOT_SENT' })
    expect(await first).toMatchObject({ code: 'NO_ANSWER' })
    expect(instance.received).toEqual([{ name: 'first' }])
  })
})

describe('the read timeout', () => {
  it('ends a call that is not answered, and says that it may have run', async () => {
    const instance = await instanceOf(() => ({ isSilent: true }))
    const client = clientOf([instance], { readTimeoutMs: 150 })
    const { value: failure, ms } = await timed(failureOf(client.greet({ name: 'Ada' })))
    expect(failure).toMatchObject({ code: 'NO_ANSWER', mayHaveRun: true })
    expect(ms).toBeGreaterThan(140)
    expect(ms).toBeLessThan(1_000)
    expect(instance.received).toHaveLength(1)
  })

  it('leaves the connection usable for the next call', async () => {
    const instance = await instanceOf(() => ({ isSilent: true }))
    const client = clientOf([instance], { readTimeoutMs: 100, connectionsMax: 1 })
    await failureOf(client.greet({ name: 'Ada' }))
    instance.answer = hello
    expect(await client.greet({ name: 'Ada' })).toEqual({ greeting: 'hello' })
  })

  it('calls a connection that breaks under way unanswered, too', async () => {
    const instance = await instanceOf(() => ({ isSilent: true }))
    const client = clientOf([instance])
    const call = failureOf(client.greet({ name: 'Ada' }))
    await waitFor('the request to arrive', () => instance.received.length === 1)
    running.splice(running.indexOf(instance), 1)
    await instance.stop()
    expect(await call).toMatchObject({ code: 'NO_ANSWER', mayHaveRun: true })
  })
})

describe('the log level', () => {
  const callAt = async (logLevel: ClientOptions<typeof calls>['logLevel']) => {
    const instance = await instanceOf(() => ({ ...hello(), headers: { 'x-answer': 'yes' } }))
    const { log, lines } = memoryLog()
    const client = clientOf([instance], { log, ...(logLevel && { logLevel }) })
    await client.greet({ name: 'Ada' }, { headers: { authorization: 'Bearer secret' } })
    return { lines, url: `${instance.url}/greetings` }
  }

  it('writes nothing unless it is asked to', async () => {
    expect((await callAt(undefined)).lines).toEqual([])
    expect((await callAt('none')).lines).toEqual([])
  })

  it('basic tells method, place, status and time', async () => {
    const { lines, url } = await callAt('basic')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ client: 'greeter', method: 'POST', url, status: 200 })
    expect(lines[0]?.durationMs).toBeGreaterThanOrEqual(0)
    expect(lines[0]).not.toHaveProperty('requestHeaders')
    expect(lines[0]).not.toHaveProperty('requestBody')
  })

  it('headers adds the headers, without what is secret in them', async () => {
    const { lines } = await callAt('headers')
    expect(lines[0]).toMatchObject({
      requestHeaders: { authorization: '***', 'content-type': 'application/json' },
      responseHeaders: { 'x-answer': 'yes' },
    })
    expect(lines[0]).not.toHaveProperty('responseBody')
  })

  it('full adds the bodies', async () => {
    const { lines } = await callAt('full')
    expect(lines[0]).toMatchObject({
      requestBody: '{"name":"Ada"}',
      responseBody: '{"greeting":"hello"}',
    })
  })

  it('tells of failures, too', async () => {
    const { log, lines } = memoryLog()
    const client = clientOf([{ url: 'http://127.0.0.1:9' }], { log, logLevel: 'basic' })
    await failureOf(client.greet({ name: 'Ada' }))
    expect(lines[0]).toMatchObject({ failure: 'not_sent', method: 'POST' })
    expect(lines[0]?.detail).toContain('ECONNREFUSED')
  })
})

describe('the error decoder', () => {
  class Unwelcome extends Error {}

  it('makes of an answer the error that it means', async () => {
    const instance = await instanceOf(() => ({ status: 403, body: { code: 'unwelcome' } }))
    const client = clientOf([instance], {
      errorDecoder: ({ call, status, body }) =>
        status === 403 ? new Unwelcome(`${call}: ${body}`) : null,
    })
    const call = client.greet({ name: 'Ada' })
    await expect(call).rejects.toThrow(Unwelcome)
    await expect(call).rejects.toThrow('greet: {"code":"unwelcome"}')
  })

  it('leaves what it has no word for as the status that it is', async () => {
    const instance = await instanceOf(() => ({ status: 503 }))
    const client = clientOf([instance], { errorDecoder: () => null })
    const failure = await failureOf(client.greet({ name: 'Ada' }))
    expect(failure).toMatchObject({ code: 'STATUS', status: 503, mayHaveRun: true })
  })
})

describe('the fallback', () => {
  it('answers instead of failing, and knows the error and the request', async () => {
    const client = clientOf([{ url: 'http://127.0.0.1:9' }], {
      fallback: {
        greet: (error, { name }) => ({ greeting: `${name}, ${(error as ClientError).code}` }),
      },
    })
    expect(await client.greet({ name: 'Ada' })).toEqual({ greeting: 'Ada, NOT_SENT' })
  })

  it('is not asked when the call succeeds, nor for calls that it does not name', async () => {
    const instance = await instanceOf()
    const fallback = { greet: () => ({ greeting: 'instead' }) }
    expect(await clientOf([instance], { fallback }).greet({ name: 'Ada' })).toEqual({
      greeting: 'hello',
    })
    const dead = clientOf([{ url: 'http://127.0.0.1:9' }], { fallback })
    expect(await failureOf(dead.read({ id: '1' }))).toMatchObject({ code: 'NOT_SENT' })
  })

  it('may decide that the error stands', async () => {
    const client = clientOf([{ url: 'http://127.0.0.1:9' }], {
      fallback: {
        greet: (error) => {
          throw error
        },
      },
    })
    expect(await failureOf(client.greet({ name: 'Ada' }))).toMatchObject({ code: 'NOT_SENT' })
  })
})

describe('the circuit breaker', () => {
  const breaker = { failurePercentMax: 50, callsMin: 4, windowMs: 5_000, resetMs: 300 }

  it('opens when calls fail, lets one through after a while, and closes when it succeeds', async () => {
    const instance = await instanceOf(() => ({ status: 500 }))
    const client = clientOf([instance], { breaker })
    const codeOf = async () => (await failureOf(client.greet({ name: 'Ada' }))).code
    for (let call = 0; call < 4; call++) expect(await codeOf()).toBe('STATUS')
    expect(await codeOf()).toBe('OPEN')
    expect(instance.received).toHaveLength(4)

    // Half-open: of two calls at once one is let through, and its failure opens the circuit again.
    await waitFor('the half-open circuit', async () => (await codeOf()) === 'STATUS')
    expect(instance.received).toHaveLength(5)
    expect(await codeOf()).toBe('OPEN')

    instance.answer = hello
    const answer = await waitFor('the closed circuit', () => client.greet({ name: 'Ada' }))
    expect(answer).toEqual({ greeting: 'hello' })
    await Promise.all(Array.from({ length: 10 }, () => client.greet({ name: 'Ada' })))
    expect(instance.received).toHaveLength(16)
  })

  it('lets only one call through while it is half-open', async () => {
    const instance = await instanceOf(() => ({ status: 500 }))
    const client = clientOf([instance], { breaker, readTimeoutMs: 400 })
    const greet = () => failureOf(client.greet({ name: 'Ada' }))
    for (let call = 0; call < 4; call++) await greet()
    instance.answer = () => ({ isSilent: true })
    let trial = greet()
    await waitFor('the one call that may try', () => {
      if (instance.received.length < 5) trial = greet()
      return instance.received.length === 5
    })
    expect(await greet()).toMatchObject({ code: 'OPEN' })
    expect(instance.received).toHaveLength(5)
    expect(await trial).toMatchObject({ code: 'NO_ANSWER' })
  })

  it('takes a definite answer for a sign of health', async () => {
    const instance = await instanceOf(() => ({ status: 402 }))
    const client = clientOf([instance], { breaker, errorDecoder: () => new Error('declined') })
    for (let call = 0; call < 20; call++) {
      await expect(client.greet({ name: 'Ada' })).rejects.toThrow('declined')
    }
    expect(instance.received).toHaveLength(20)
  })
})

describe('load balancing', () => {
  it('goes round among the instances', async () => {
    const instances = [await instanceOf(), await instanceOf(), await instanceOf()]
    const client = clientOf(instances, { loadBalance: 'round-robin' })
    for (let call = 0; call < 9; call++) await client.greet({ name: String(call) })
    expect(instances.map(({ received }) => received.length)).toEqual([3, 3, 3])
    expect(instances[1]?.received).toEqual([{ name: '1' }, { name: '4' }, { name: '7' }])
  })

  it('passes a dead instance over, and takes it back when it lives again', async () => {
    const dead = await startInstance(hello)
    const alive = await instanceOf()
    const { log, lines } = memoryLog()
    const client = clientOf([dead, alive], { log, logLevel: 'basic' })
    await dead.stop()
    for (let call = 0; call < 10; call++) {
      expect(await client.greet({ name: 'Ada' })).toEqual({ greeting: 'hello' })
    }
    expect(alive.received).toHaveLength(10)
    // It was tried once, and then known to be dead.
    expect(lines.filter(({ failure }) => failure === 'not_sent')).toHaveLength(1)

    const back = await startInstance(hello, Number(new URL(dead.url).port))
    running.push(back)
    await waitFor(
      'a call to reach it',
      async () => {
        await client.greet({ name: 'Ada' })
        return back.received.length > 0
      },
      { timeoutMs: SET_ASIDE_MS + 3_000, everyMs: 50 },
    )
  })

  it('never asks a second instance for what the first may have done', async () => {
    const silent = await instanceOf(() => ({ isSilent: true }))
    const other = await instanceOf()
    const client = clientOf([silent, other], { readTimeoutMs: 100 })
    expect(await failureOf(client.greet({ name: 'Ada' }))).toMatchObject({ code: 'NO_ANSWER' })
    expect(other.received).toEqual([])
  })

  it('reaches every instance at random', async () => {
    const instances = [await instanceOf(), await instanceOf()]
    const client = clientOf(instances, { loadBalance: 'random' })
    await waitFor('both to be asked', async () => {
      await client.greet({ name: 'Ada' })
      return instances.every(({ received }) => received.length > 0)
    })
  })
})
