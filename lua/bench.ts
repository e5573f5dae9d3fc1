/**
 * Measures the hold path: `node --import tsx lua/bench.ts redis://127.0.0.1:6379/15`.
 * Takes over the database it is given (FLUSHDB). Prints holds per second, and the CPU time
 * that a hold costs Redis and this process, which other work on the machine changes little.
 */
import { createClient, whenReady } from './client.ts'
import { SeatScripts } from './seatScripts.ts'
import type { HoldRequest } from './seatVerbs.ts'

const SHARD = 7
const HOLDS = 40_000
const SEATS = 100_000

const url = process.argv[2]
if (!url) {
  console.error('usage: node --import tsx lua/bench.ts <redis url>')
  process.exit(2)
}
const client = createClient({ url, name: 'bench' })
await whenReady(client, 2_000)
const scripts = new SeatScripts(client)
await scripts.load()

let serial = 0

function request(): HoldRequest {
  serial += 1
  return {
    reservationId: `r07_${String(serial).padStart(26, '0')}`,
    showId: 'bench',
    customerId: `customer-${serial % 5_000}`,
    seats: [serial % SEATS],
    amount: { currency: 'KRW', value: 120_000 },
    requestHash: '0123456789abcdef0123456789abcdef',
    ttlMs: 600_000,
    buyerSeatsMax: 1_000,
  }
}

async function fresh(): Promise<void> {
  await client.call('FLUSHDB')
  await scripts.takeLease({ shard: SHARD, token: 'bench', ttlMs: 600_000 })
  await scripts.openShard({ shard: SHARD, token: 'bench', pastId: '0-0' })
  serial = 0
}

/** CPU time that Redis has used so far, in seconds. */
async function redisCpu(): Promise<number> {
  const info = String(await client.call('INFO', 'cpu'))
  const [user, system] = ['user', 'sys'].map((kind) =>
    Number(new RegExp(`used_cpu_${kind}:([0-9.]+)`).exec(info)?.[1]),
  )
  return (user ?? 0) + (system ?? 0)
}

/** Holds one seat each, `batch` per call, with `inFlight` calls under way at any time. */
async function run(batch: number, inFlight: number): Promise<void> {
  await fresh()
  let left = HOLDS / batch
  const callsMs: number[] = []
  const caller = async () => {
    while (left-- > 0) {
      const requests = Array.from({ length: batch }, request)
      const startMs = performance.now()
      const answer = await scripts.holdSeats({ shard: SHARD, requests })
      callsMs.push(performance.now() - startMs)
      if (answer.type !== 'answered' || answer.outcomes.some((one) => one.type !== 'held')) {
        throw new Error(`not held: ${JSON.stringify(answer).slice(0, 200)}`)
      }
    }
  }
  const redisBefore = await redisCpu()
  const before = process.cpuUsage()
  const startMs = performance.now()
  await Promise.all(Array.from({ length: inFlight }, caller))
  const seconds = (performance.now() - startMs) / 1_000
  const { user, system } = process.cpuUsage(before)
  const ownMicros = ((user + system) / HOLDS).toFixed(1)
  const redisMicros = (((await redisCpu()) - redisBefore) * 1e6) / HOLDS
  callsMs.sort((a, b) => a - b)
  const at = (share: number) => callsMs[Math.floor(callsMs.length * share)]?.toFixed(2)
  console.log(
    `${batch} per call, ${inFlight} in flight: ${Math.round(HOLDS / seconds)} holds/s,`,
    `call p50 ${at(0.5)} ms p99 ${at(0.99)} ms, per hold`,
    `${redisMicros.toFixed(1)} us of Redis and ${ownMicros} us of this process`,
  )
}

await run(1, 50)
await run(1, 1)
await run(1, 16)
await run(1, 50)
await run(16, 4)
await run(64, 4)
await client.call('FLUSHDB')
client.disconnect()
