/**
 * The raw ceiling of holds: the same script that the seat service runs, called by a client that
 * does nothing else, one hold per call and one call at a time on each connection.
 */
import { connect, type Socket } from 'node:net'
import type { RedisClient } from '../../lua/client.ts'
import { createClient, whenReady } from '../../lua/client.ts'
import { holdSeats } from '../../lua/scripts/buyer.ts'
import { SeatScripts } from '../../lua/seatScripts.ts'

const SHARDS = 16
const SHOWS_PER_SHARD = 4
const CUSTOMERS = 5_000
/** All indexes have as many digits, so that every command has the same shape. */
const SEAT_FIRST = 100_000
const SEATS_PER_SHOW = 900_000
const READY_WITHIN_MS = 5_000
const LEASE_MS = 600_000
const HELD = '*1\r\n*4\r\n$4\r\nHELD'
/** Line ends in an answer: two lines of lengths, and two for each of the four parts. */
const LINES_PER_ANSWER = 10
/** Stands in the template where the serial number of a hold goes. */
const MARK = '0123456789'

export interface RawFigures {
  holds: number
  seconds: number
  holdsPerS: number
}

/** A command in Redis's protocol. */
function encode(parts: readonly (string | number)[]): string {
  const bulk = parts.map(String).map((text) => `$${text.length}\r\n${text}\r\n`)
  return `*${parts.length}\r\n${bulk.join('')}`
}

/** The command that the binding sends for one hold, with marks where the numbers go. */
async function templateOf(shard: number, show: number): Promise<string[]> {
  let command = ''
  const capture = {
    evalsha: async (...parts: (string | number)[]) => {
      command = encode(['EVALSHA', ...parts])
      return [['REUSED']]
    },
  }
  const tag = String(shard).padStart(2, '0')
  await holdSeats.run(capture as unknown as RedisClient, {
    shard,
    requests: [
      {
        reservationId: `r${tag}_${MARK.padStart(26, '0')}`,
        showId: `raw-${tag}-${show}`,
        customerId: 'customer-#CUS',
        seats: ['#SEATX' as unknown as number],
        amount: { currency: 'KRW', value: 50_000 },
        requestHash: '0123456789abcdef0123456789abcdef',
        ttlMs: LEASE_MS,
        buyerSeatsMax: 1_000_000,
      },
    ],
  })
  return command.split(/(#SEATX|#CUS|0123456789(?!abc))/)
}

/** Makes commands one after the other, each for a free seat of its own. */
async function commandMaker(): Promise<() => string> {
  const templates: string[][] = []
  for (let show = 0; show < SHOWS_PER_SHARD; show += 1) {
    for (let shard = 0; shard < SHARDS; shard += 1) templates.push(await templateOf(shard, show))
  }
  let serial = 0
  return () => {
    const template = templates[serial % templates.length] as string[]
    const seat = SEAT_FIRST + (Math.floor(serial / templates.length) % SEATS_PER_SHOW)
    const customer = String(serial % CUSTOMERS).padStart(4, '0')
    const number = String(serial).padStart(MARK.length, '0')
    serial += 1
    let command = ''
    for (const part of template) {
      command +=
        part === '#SEATX' ? seat : part === '#CUS' ? customer : part === MARK ? number : part
    }
    return command
  }
}

async function prepare(url: string): Promise<void> {
  const client = createClient({ url, name: 'ceiling' })
  try {
    await whenReady(client, READY_WITHIN_MS)
    const scripts = new SeatScripts(client)
    await scripts.load()
    for (let shard = 0; shard < SHARDS; shard += 1) {
      await scripts.takeLease({ shard, token: 'ceiling', ttlMs: LEASE_MS })
      await scripts.openShard({ shard, token: 'ceiling', pastId: '0-0' })
    }
  } finally {
    client.disconnect()
  }
}

/** One connection that holds seats until `isOpen` says no. Rejects on any other answer. */
function holdOn(
  socket: Socket,
  work: { next: () => string; isOpen: () => boolean; onHeld: () => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let pending = ''
    socket.setEncoding('latin1')
    socket.once('error', reject)
    socket.on('data', (part) => {
      pending += String(part)
      if (pending.split('\r\n').length - 1 < LINES_PER_ANSWER && pending.startsWith('*')) return
      if (!pending.startsWith(HELD)) {
        reject(new Error(`a hold was answered with ${JSON.stringify(pending.slice(0, 200))}`))
        return
      }
      pending = ''
      work.onHeld()
      if (work.isOpen()) socket.write(work.next(), 'latin1')
      else resolve()
    })
    socket.write(work.next(), 'latin1')
  })
}

/**
 * Holds seats on an empty Redis of its own, `connections` at a time, and counts after the warm-up.
 * @throws Error when Redis answers anything but HELD
 */
export async function measureCeiling(
  url: string,
  options: { connections: number; warmUpS: number; seconds: number },
): Promise<RawFigures> {
  await prepare(url)
  const { hostname, port } = new URL(url)
  const next = await commandMaker()
  const startAt = performance.now() + options.warmUpS * 1_000
  const endAt = startAt + options.seconds * 1_000
  let holds = 0
  const isOpen = () => performance.now() < endAt
  const onHeld = () => {
    const now = performance.now()
    if (now >= startAt && now < endAt) holds += 1
  }
  const sockets = Array.from({ length: options.connections }, () =>
    connect({ host: hostname, port: Number(port), noDelay: true }),
  )
  try {
    await Promise.all(sockets.map((socket) => holdOn(socket, { next, isOpen, onHeld })))
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  return { holds, seconds: options.seconds, holdsPerS: holds / options.seconds }
}
