/**
 * Delivers what is kept: claims notices, writes each as a message into the mail folder, and marks
 * them. A claim is a lease, so what a killed courier had in hand is sent again under the same name.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Component } from '../../../platform/lifecycle.ts'
import type { Log } from '../../../platform/log.ts'
import type { Database } from '../../../platform/mysql/database.ts'
import { composeNotice } from './mail.ts'
import { type ClaimedNotice, claimNotices, markSent } from './store.ts'

export interface CourierOptions {
  db: Database
  mailDir: string
  mailFrom: string
  mailsPerSecondMax: number
  log: Log
}

/** As many as the product's courier takes at a time. */
const NOTICES_PER_CLAIM_MAX = 50
const LEASE_MS = 10_000
const IDLE_MS = 250

export class Courier implements Component {
  readonly name = 'courier'
  readonly #options: CourierOptions
  readonly #stopped = new AbortController()
  #running: Promise<void> | null = null
  #freeAtMs = 0

  constructor(options: CourierOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    await mkdir(this.#options.mailDir, { recursive: true, mode: 0o700 })
    this.#running = this.#run()
  }

  /** Finishes what it has in hand. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      let claimed = 0
      try {
        claimed = await this.#deliver()
      } catch (error) {
        this.#options.log.warn({ err: error }, 'notices wait for the next round')
      }
      const now = performance.now()
      await this.#rest(claimed === 0 ? IDLE_MS : this.#freeAtMs - now)
    }
  }

  async #deliver(): Promise<number> {
    const { db, mailsPerSecondMax } = this.#options
    const claim = randomUUID()
    const claimed = await claimNotices(db, {
      ...{ claim, limit: NOTICES_PER_CLAIM_MAX, leaseMs: LEASE_MS },
    })
    const now = performance.now()
    this.#freeAtMs = Math.max(now, this.#freeAtMs) + (claimed.length * 1_000) / mailsPerSecondMax
    const sent = await Promise.all(claimed.map((one) => this.#send(one)))
    await markSent(
      db,
      claim,
      sent.filter((key) => key !== null),
    )
    return claimed.length
  }

  /** The key when the message is in the folder, whole. */
  async #send({ key, notice, createdAtMs }: ClaimedNotice): Promise<string | null> {
    const { mailDir, mailFrom, log } = this.#options
    const part = join(mailDir, `.${key}.${randomUUID()}.part`)
    try {
      await writeFile(part, composeNotice(notice, { key, from: mailFrom, atMs: createdAtMs }), {
        mode: 0o600,
      })
      await rename(part, join(mailDir, `${key}.eml`))
      return key
    } catch (error) {
      log.warn({ err: error, key }, 'a message could not be written, it is tried again')
      return null
    }
  }

  async #rest(ms: number): Promise<void> {
    if (ms <= 0) return
    try {
      await pause(ms, undefined, { signal: this.#stopped.signal })
    } catch {
      // Woken by the stop.
    }
  }
}
