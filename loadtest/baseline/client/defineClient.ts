/**
 * A declarative HTTP client in the manner of Feign: what can be called is declared, and how calls
 * behave is configured once for all of them.
 *
 *   const payment = defineClient({
 *     name: 'payment',
 *     baseUrls: ['http://10.0.0.7:8080', 'http://10.0.0.8:8080'],
 *     calls: { charge: post<ChargeRequest, ChargeAnswer>('/charges') },
 *     connectTimeoutMs: 500,
 *     readTimeoutMs: 3_000,
 *     errorDecoder: ({ status }) => (status === 402 ? new Declined() : null),
 *     fallback: { charge: (error) => ({ type: 'unavailable' }) },
 *     breaker: { failurePercentMax: 50, callsMin: 20, windowMs: 10_000, resetMs: 2_000 },
 *   })
 *   const answer = await payment.charge({ amount: 100 })
 *
 * Only what certainly never left is tried again, at the next instance: everything else may have
 * been done, and the caller alone knows whether it may be done twice.
 */
import type { TSchema } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import type { Log } from '../../../platform/log.ts'
import { Balancer, type LoadBalance } from './balancer.ts'
import { type BreakerOptions, createBreaker } from './breaker.ts'
import { type ClientLogLevel, logCall } from './callLog.ts'
import { ClientError } from './errors.ts'
import { Wire, type WireHeaders, type WireRequest, type WireResult } from './wire.ts'

/** A declared call. The types of request and answer exist for the compiler alone. */
export interface CallSpec<Request, Answer> {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** What an answer must be like; without it, any JSON. */
  readonly answer: TypeCheck<TSchema> | null
  readonly types?: (request: Request) => Answer
}

/** `POST path` with the request as JSON; the answer is checked when it has a schema. */
export const post = <Request, Answer>(path: string, answer?: TSchema): CallSpec<Request, Answer> =>
  specOf('POST', path, answer)

/** `GET path`, in which `{name}` stands for a member of the request. */
export const get = <Request extends Readonly<Record<string, string>>, Answer>(
  path: string,
  answer?: TSchema,
): CallSpec<Request, Answer> => specOf('GET', path, answer)

const specOf = (method: 'GET' | 'POST', path: string, answer: TSchema | undefined) => ({
  method,
  path,
  answer: answer ? TypeCompiler.Compile(answer) : null,
})

// biome-ignore lint/suspicious/noExplicitAny: the constraint of a map of functions of any request
type Calls = Readonly<Record<string, CallSpec<any, any>>>
type RequestOf<S> = S extends CallSpec<infer Request, unknown> ? Request : never
type AnswerOf<S> = S extends CallSpec<never, infer Answer> ? Answer : never

export interface FailedAnswer {
  readonly call: string
  readonly status: number
  readonly headers: WireHeaders
  readonly body: string
}

export interface ClientOptions<C extends Calls> {
  readonly name: string
  /** The instances, without a trailing slash. */
  readonly baseUrls: readonly string[]
  readonly calls: C
  readonly connectTimeoutMs: number
  readonly readTimeoutMs: number
  readonly log: Log
  /** Default `none`. */
  readonly logLevel?: ClientLogLevel
  /** The error that an answer outside of 200-299 means; null leaves it a ClientError `STATUS`. */
  readonly errorDecoder?: (answer: FailedAnswer) => Error | null
  /** What a call answers instead of failing; a fallback may throw, and then that is thrown. */
  readonly fallback?: {
    readonly [K in keyof C]?: (
      error: Error,
      request: RequestOf<C[K]>,
    ) => AnswerOf<C[K]> | Promise<AnswerOf<C[K]>>
  }
  /** Without it the circuit is always closed. */
  readonly breaker?: BreakerOptions
  /** Default `round-robin`. */
  readonly loadBalance?: LoadBalance
  /** To each instance; further calls wait for one as part of connecting. Default 256. */
  readonly connectionsMax?: number
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
}

export type Client<C extends Calls> = {
  readonly [K in keyof C]: (
    request: RequestOf<C[K]>,
    options?: CallOptions,
  ) => Promise<AnswerOf<C[K]>>
} & {
  /** Cuts all connections. Nothing may be called afterwards. */
  close(): Promise<void>
}

const CONNECTIONS_MAX = 256

/** @throws RangeError when there is no instance to call */
export function defineClient<const C extends Calls>(options: ClientOptions<C>): Client<C> {
  const { name, baseUrls, calls, breaker: breakerOptions, fallback } = options
  if (baseUrls.length === 0) throw new RangeError(`the client ${name} has no instance to call`)
  const transport = new Transport(options)
  const breaker = breakerOptions ? createBreaker(name, breakerOptions) : null
  const methods = Object.entries(calls).map(([call, spec]) => {
    const action = (request: unknown, extra?: CallOptions): Promise<unknown> =>
      transport.call(call, spec, request, extra)
    const guarded = breaker
      ? (request: unknown, extra?: CallOptions) => breaker.run(() => action(request, extra))
      : action
    const instead = fallback?.[call as keyof C]
    if (!instead) return [call, guarded]
    const covered = async (request: unknown, extra?: CallOptions): Promise<unknown> => {
      try {
        return await guarded(request, extra)
      } catch (error) {
        return instead(error as Error, request as never)
      }
    }
    return [call, covered]
  })
  const close = async (): Promise<void> => {
    breaker?.close()
    await transport.close()
  }
  return { ...Object.fromEntries(methods), close } as Client<C>
}

type TransportOptions = Omit<ClientOptions<Calls>, 'calls' | 'breaker' | 'fallback'>

/** From a declared call to a checked answer. */
class Transport {
  readonly #options: TransportOptions
  readonly #wires: readonly Wire[]
  readonly #balancer: Balancer

  constructor(options: TransportOptions) {
    const { baseUrls, connectionsMax = CONNECTIONS_MAX, loadBalance = 'round-robin' } = options
    this.#options = options
    this.#wires = baseUrls.map((origin) => new Wire({ ...options, origin, connectionsMax }))
    this.#balancer = new Balancer(baseUrls.length, loadBalance)
  }

  async call(
    call: string,
    spec: CallSpec<unknown, unknown>,
    request: unknown,
    extra: CallOptions | undefined,
  ): Promise<unknown> {
    const result = await this.#send(wireRequestOf(spec, request, extra))
    if (result.type === 'not_sent') throw new ClientError('NOT_SENT', result.detail)
    if (result.type === 'no_answer') throw new ClientError('NO_ANSWER', result.detail)
    const { status, headers, body } = result
    if (status >= 200 && status < 300) return this.#read(call, spec, body)
    const decoded = this.#options.errorDecoder?.({ call, status, headers, body })
    throw decoded ?? new ClientError('STATUS', `${call} was answered ${status}`, { status })
  }

  async close(): Promise<void> {
    await Promise.all(this.#wires.map((wire) => wire.close()))
  }

  /** Sends to one instance, and to the next where the request did not leave. */
  async #send(request: WireRequest): Promise<WireResult> {
    let result: WireResult = { type: 'not_sent', detail: 'no instance' }
    const instances = this.#wires.length === 1 ? ONLY : this.#balancer.order()
    for (const instance of instances) {
      const startedMs = performance.now()
      result = await (this.#wires[instance] as Wire).send(request)
      this.#log(instance, request, result, startedMs)
      if (result.type !== 'not_sent') return result
      this.#balancer.setAside(instance)
    }
    return result
  }

  #log(instance: number, request: WireRequest, result: WireResult, startedMs: number): void {
    const { name, baseUrls, log, logLevel = 'none' } = this.#options
    if (logLevel === 'none') return
    const url = `${baseUrls[instance]}${request.path}`
    logCall(log, logLevel, {
      ...{ client: name, url, request, result },
      durationMs: performance.now() - startedMs,
    })
  }

  #read(call: string, spec: CallSpec<unknown, unknown>, body: string): unknown {
    let value: unknown
    try {
      value = body === '' ? undefined : (JSON.parse(body) as unknown)
    } catch {
      throw new ClientError('GARBLED', `${call} was answered with something that is not JSON`)
    }
    if (!spec.answer || spec.answer.Check(value)) return value
    const fault = spec.answer.Errors(value).First()
    throw new ClientError('GARBLED', `${call} was answered wrongly at ${fault?.path || '/'}`)
  }
}

const ONLY = [0]
const JSON_HEADERS = { 'content-type': 'application/json' }

function wireRequestOf(
  spec: CallSpec<unknown, unknown>,
  request: unknown,
  extra: CallOptions | undefined,
): WireRequest {
  const { method, path } = spec
  if (method === 'GET') {
    const members = (request ?? {}) as Readonly<Record<string, string>>
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(members[name] ?? ''),
    )
    return { method, path: filled, headers: extra?.headers ?? {} }
  }
  const headers = extra?.headers ? { ...JSON_HEADERS, ...extra.headers } : JSON_HEADERS
  return { method, path, headers, body: JSON.stringify(request) }
}
