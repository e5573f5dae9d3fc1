/**
 * What the sandbox remembers: every charge and refund, in memory and, when it is given a folder,
 * in a file that only grows, so that a sandbox that was killed still knows what it captured. The
 * newest records are kept and the oldest forgotten, so memory has a bound.
 */
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { readLines } from './lines.ts'

export interface Amount {
  /** ISO 4217 code. */
  currency: string
  /** Minor units of the currency. */
  value: number
}

export interface Charge {
  chargeId: string
  status: 'captured' | 'declined'
  reservationId: string
  amount: Amount
  idempotencyKey: string
  /** RFC 3339: when the money was captured, or the card declined. */
  createdAt: string
}

export interface Refund {
  refundId: string
  status: 'refunded'
  chargeId: string
  reservationId: string
  amount: Amount
  idempotencyKey: string
  createdAt: string
}

export const FILE_NAME = 'payments.jsonl'
/** A start finds at most this many lines of forgotten records before it writes the file anew. */
const FORGOTTEN_LINES_MAX = 100_000

/** Records of one kind: found by id, by idempotency key and by reservation. */
class Shelf<R extends { reservationId: string; idempotencyKey: string }> {
  readonly #idOf: (record: R) => string
  readonly #max: number
  readonly #byId = new Map<string, R>()
  readonly #byKey = new Map<string, R>()
  readonly #byReservation = new Map<string, R | R[]>()

  constructor(idOf: (record: R) => string, max: number) {
    this.#idOf = idOf
    this.#max = max
  }

  put(record: R): void {
    this.#byId.set(this.#idOf(record), record)
    this.#byKey.set(record.idempotencyKey, record)
    const others = this.#byReservation.get(record.reservationId)
    // One charge per reservation is the rule, so a list is only made for the exception.
    const together = others === undefined ? record : [...[others].flat(), record]
    this.#byReservation.set(record.reservationId, together as R | R[])
    if (this.#byId.size > this.#max) this.#forgetOldest()
  }

  get size(): number {
    return this.#byId.size
  }

  all(): Iterable<R> {
    return this.#byId.values()
  }

  withId(id: string): R | undefined {
    return this.#byId.get(id)
  }

  withKey(key: string): R | undefined {
    return this.#byKey.get(key)
  }

  of(reservationId: string): R[] {
    const found = this.#byReservation.get(reservationId)
    return found === undefined ? [] : ([found].flat() as R[])
  }

  /** Records in the order they were made, starting behind `afterId` (unknown: from the oldest). */
  page(afterId: string | null, limit: number): R[] {
    const records: R[] = []
    let isBehind = afterId === null || !this.#byId.has(afterId)
    for (const [id, record] of this.#byId) {
      if (records.length >= limit) break
      if (isBehind) records.push(record)
      else isBehind = id === afterId
    }
    return records
  }

  #forgetOldest(): void {
    const [id, oldest] = this.#byId.entries().next().value as [string, R]
    this.#byId.delete(id)
    if (this.#byKey.get(oldest.idempotencyKey) === oldest) this.#byKey.delete(oldest.idempotencyKey)
    const rest = this.of(oldest.reservationId).filter((record) => record !== oldest)
    if (rest.length === 0) this.#byReservation.delete(oldest.reservationId)
    else this.#byReservation.set(oldest.reservationId, rest)
  }
}

type Line = { charge: Charge } | { refund: Refund }

export class Records {
  readonly charges: Shelf<Charge>
  readonly refunds: Shelf<Refund>
  #file: number | null = null
  #lines: string[] = []
  #flushed: Promise<void> | null = null

  /**
   * @param options.recordsMax charges (and, apart from them, refunds) kept; beyond it the oldest go
   * @param options.dataDir folder of the record file, or null to keep nothing across restarts
   */
  constructor(options: { recordsMax: number; dataDir: string | null }) {
    this.charges = new Shelf((charge) => charge.chargeId, options.recordsMax)
    this.refunds = new Shelf((refund) => refund.refundId, options.recordsMax)
    if (options.dataDir !== null) this.#open(options.dataDir)
  }

  /** Keeps a charge. It is in the file before it can be found, so nobody is told too early. */
  async keepCharge(charge: Charge): Promise<void> {
    await this.#append({ charge })
    this.charges.put(charge)
  }

  async keepRefund(refund: Refund): Promise<void> {
    await this.#append({ refund })
    this.refunds.put(refund)
  }

  close(): void {
    if (this.#file === null) return
    this.#flush(this.#file)
    closeSync(this.#file)
    this.#file = null
  }

  #open(dataDir: string): void {
    mkdirSync(dataDir, { recursive: true })
    const path = join(dataDir, FILE_NAME)
    this.#file = openSync(path, 'a+')
    const { lines, tornBytes } = readLines(this.#file, (line) => this.#load(line))
    const forgotten = lines - this.charges.size - this.refunds.size
    // A kill may tear the last line; the next record must begin on a line of its own.
    if (tornBytes > 0 || forgotten > FORGOTTEN_LINES_MAX) this.#rewrite(path)
  }

  #load(line: string): void {
    const record = JSON.parse(line) as Line
    if ('charge' in record) this.charges.put(record.charge)
    else this.refunds.put(record.refund)
  }

  /** Replaces the file by one that holds just what is remembered. */
  #rewrite(path: string): void {
    const fresh = openSync(`${path}.new`, 'w')
    const write = (line: Line) => writeSync(fresh, `${JSON.stringify(line)}\n`)
    for (const charge of this.charges.all()) write({ charge })
    for (const refund of this.refunds.all()) write({ refund })
    closeSync(fresh)
    renameSync(`${path}.new`, path)
    if (this.#file !== null) closeSync(this.#file)
    this.#file = openSync(path, 'a')
  }

  /** Lines of one turn of the event loop are written together. */
  #append(line: Line): Promise<void> {
    const file = this.#file
    if (file === null) return Promise.resolve()
    this.#lines.push(`${JSON.stringify(line)}\n`)
    this.#flushed ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#flushed = null
        try {
          this.#flush(file)
          resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
    return this.#flushed
  }

  #flush(file: number): void {
    const lines = this.#lines
    this.#lines = []
    if (lines.length > 0) writeSync(file, lines.join(''))
  }
}
