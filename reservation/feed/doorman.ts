/**
 * Who may come in. Everything that can be refused is refused before the upgrade, as a problem over
 * HTTP; only a bad token is told after it, by close code 4401, for a browser shows a page nothing
 * else.
 */
import type { HttpRequest, HttpResponse, us_socket_context_t } from 'uWebSockets.js'
import { BEARER_PREFIX, FEED_PATH, FEED_PROTOCOL } from '../../contracts/feed.ts'
import { type Problem, problemOf } from '../../contracts/problem.ts'
import type { Identity, TokenVerifier } from '../http/auth/tokens.ts'
import { Exchange } from '../http/exchange.ts'
import type { Faults } from '../http/faults.ts'
import { problemReply } from '../http/reply.ts'
import type { Connections } from './connections.ts'
import type { Visitor } from './feedSocket.ts'
import { isOriginAllowed } from './origins.ts'

export interface DoormanOptions {
  readonly tokens: TokenVerifier
  readonly connections: Connections
  readonly faults: Faults
  /** Origins whose pages may connect; empty: the server's own. */
  readonly allowedOrigins: readonly string[]
  readonly connectionsMax: number
  readonly connectionsPerCustomerMax: number
  /** Told of every refusal before an upgrade. */
  readonly onRefused: (code: string) => void
}

/** What of a request is needed after its handler has returned. */
interface Knock {
  readonly key: string
  readonly extensions: string
  /** The offered subprotocols. */
  readonly protocols: readonly string[]
  readonly origin: string
  readonly host: string
}

type Decision = { type: 'admitted'; visitor: Visitor } | { type: 'refused'; problem: Problem }

export class Doorman {
  readonly #options: DoormanOptions
  #isShut = false

  constructor(options: DoormanOptions) {
    this.#options = options
  }

  /** Lets nobody in any more: the process is about to stop. */
  shut(): void {
    this.#isShut = true
  }

  /** The native upgrade handler. */
  answer(res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
    const knock = knockOf(req)
    const exchange = new Exchange(res, { isHead: false, onEnd: () => {} })
    const open = (visitor: Visitor) => {
      const selected = knock.protocols.length > 0 ? FEED_PROTOCOL : ''
      res.cork(() => res.upgrade(visitor, knock.key, selected, knock.extensions, context))
    }
    const act = (decision: Decision) => {
      if (exchange.isOver) return
      if (decision.type === 'admitted') open(decision.visitor)
      else this.#refuse(exchange, decision.problem)
    }
    const deciding = this.#decide(knock)
    if (deciding instanceof Promise) void deciding.then(act)
    else act(deciding)
  }

  #refuse(exchange: Exchange, problem: Problem): void {
    this.#options.onRefused(problem.code)
    exchange.send(problemReply(problem), { isLast: true })
  }

  /** At once for nobody and for a token that is known, else when the signature is verified. */
  #decide(knock: Knock): Decision | Promise<Decision> {
    const problem = this.#refusalOfKnock(knock)
    if (problem) return { type: 'refused', problem }
    const token = tokenOf(knock)
    if (token === null) return this.#admit(null)
    const known = this.#options.tokens.peek(token)
    return known ? this.#admit(known) : this.#verify(token)
  }

  async #verify(token: string): Promise<Decision> {
    try {
      const identity = await this.#options.tokens.verify(token)
      return this.#admit(identity, identity === null)
    } catch (error) {
      return { type: 'refused', problem: this.#options.faults.problemOf(error, FEED_PATH) }
    }
  }

  #admit(identity: Identity | null, isTokenBad = false): Decision {
    const problem = this.#refusalOf(identity)
    if (problem) return { type: 'refused', problem }
    return { type: 'admitted', visitor: { identity, isTokenBad } }
  }

  #refusalOfKnock({ origin, host, protocols }: Knock): Problem | null {
    const { allowedOrigins: allowed } = this.#options
    if (!isOriginAllowed(origin, { allowed, host })) {
      return problemOf('forbidden', 'pages of this origin may not connect')
    }
    if (protocols.length > 0 && !protocols.includes(FEED_PROTOCOL)) {
      return problemOf('bad-request', `the subprotocol ${FEED_PROTOCOL} is spoken here`)
    }
    return null
  }

  #refusalOf(identity: Identity | null): Problem | null {
    const { connections, connectionsMax, connectionsPerCustomerMax } = this.#options
    if (this.#isShut) return problemOf('unavailable', 'the server is about to stop')
    if (connections.size >= connectionsMax) {
      return problemOf('unavailable', 'there are too many connections')
    }
    if (!identity || connections.of(identity.customerId).size < connectionsPerCustomerMax)
      return null
    return problemOf('rate-limited', `at most ${connectionsPerCustomerMax} connections at a time`)
  }
}

const knockOf = (req: HttpRequest): Knock => ({
  key: req.getHeader('sec-websocket-key'),
  extensions: req.getHeader('sec-websocket-extensions'),
  protocols: req
    .getHeader('sec-websocket-protocol')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== ''),
  origin: req.getHeader('origin'),
  host: req.getHeader('host'),
})

/** The token among the offered subprotocols, or null. */
function tokenOf({ protocols }: Knock): string | null {
  const bearer = protocols.find((one) => one.startsWith(BEARER_PREFIX))
  return bearer?.slice(BEARER_PREFIX.length) ?? null
}
