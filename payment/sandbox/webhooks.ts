/**
 * Tells the merchant of every outcome by signed webhook. Several outcomes travel in one request,
 * so that a busy provider does not double the merchant's traffic, and a short delay lets the
 * call's own answer come first. Delivery never holds a charge up; it is tried a few times and then
 * given up, for the merchant asks again itself when it needs to know.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { request } from 'undici'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import { SIGNATURE_HEADER, signatureOf } from '../signature.ts'
import type { Outcome } from './provider.ts'
import type { Charge, Refund } from './records.ts'

export interface WebhookEvent {
  /** The same in every attempt to deliver the event. */
  id: string
  type: 'charge.captured' | 'charge.declined' | 'refund.succeeded'
  createdAt: string
  charge?: Charge
  refund?: Refund
}

/** The body of a webhook request. */
export interface WebhookBody {
  events: WebhookEvent[]
}

const LINGER_MS = 200
const EVENTS_PER_REQUEST_MAX = 100
/** Beyond this the oldest are dropped: a merchant that listens to nobody must not cost memory. */
export const QUEUE_MAX = 20_000
const RETRY_DELAYS_MS = [500, 1_000, 2_000, 4_000] as const
const REQUEST_MS_MAX = 3_000

export function webhookEventOf(outcome: Outcome): WebhookEvent {
  if ('charge' in outcome) {
    const { charge } = outcome
    const id = `ev_${charge.chargeId}`
    return { id, type: `charge.${charge.status}`, createdAt: charge.createdAt, charge }
  }
  const { refund } = outcome
  const id = `ev_${refund.refundId}`
  return { id, type: 'refund.succeeded', createdAt: refund.createdAt, refund }
}

export class WebhookSender implements Component {
  readonly name = 'webhook sender'
  readonly #url: string
  readonly #secret: string
  readonly #log: Log
  readonly #stopped = new AbortController()
  #queue: WebhookEvent[] = []
  #running: Promise<void> | null = null
  #dropped = 0

  constructor(options: { url: string; secret: string; log: Log }) {
    this.#url = options.url
    this.#secret = options.secret
    this.#log = options.log
  }

  async start(): Promise<void> {}

  /** Ends at once: what is not delivered yet is not delivered. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#running
  }

  add(outcome: Outcome): void {
    if (this.#stopped.signal.aborted) return
    this.#queue.push(webhookEventOf(outcome))
    if (this.#queue.length > QUEUE_MAX) this.#drop(EVENTS_PER_REQUEST_MAX)
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
  }

  #drop(count: number): void {
    this.#queue.splice(0, count)
    this.#dropped += count
    this.#log.warn({ dropped: this.#dropped }, 'webhooks are dropped: too many wait')
  }

  async #run(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        await pause(LINGER_MS, undefined, { signal: this.#stopped.signal })
        while (this.#queue.length > 0) {
          await this.#deliver(this.#queue.splice(0, EVENTS_PER_REQUEST_MAX))
        }
      }
    } catch (error) {
      if (!this.#stopped.signal.aborted) throw error
    }
  }

  async #deliver(events: WebhookEvent[]): Promise<void> {
    const body: WebhookBody = { events }
    const rawBody = JSON.stringify(body)
    for (const delayMs of [...RETRY_DELAYS_MS, null]) {
      const problem = await this.#post(rawBody)
      if (problem === null) return
      if (problem.isFinal || delayMs === null) {
        this.#log.warn({ events: events.length, problem: problem.detail }, 'webhooks given up')
        return
      }
      await pause(delayMs, undefined, { signal: this.#stopped.signal })
    }
  }

  /** null: delivered. A refusal (4xx) is final; anything else is worth another try. */
  async #post(rawBody: string): Promise<{ detail: string; isFinal: boolean } | null> {
    const atS = Math.floor(Date.now() / 1_000)
    const signature = signatureOf({ secret: this.#secret, rawBody, atS })
    try {
      const { statusCode, body } = await request(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [SIGNATURE_HEADER]: signature },
        body: rawBody,
        headersTimeout: REQUEST_MS_MAX,
        bodyTimeout: REQUEST_MS_MAX,
        signal: this.#stopped.signal,
      })
      await body.dump()
      if (statusCode >= 200 && statusCode < 300) return null
      const isFinal = statusCode >= 400 && statusCode < 500
      return { detail: `status ${statusCode}`, isFinal }
    } catch (error) {
      this.#stopped.signal.throwIfAborted()
      return { detail: String(error), isFinal: false }
    }
  }
}
