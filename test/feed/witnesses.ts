/**
 * People whose line is good, who note when they read of what. A process of its own: real people do
 * not share one processor with two thousand others, and would not wait for these to read first.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { gather, type Onlooker, packedOf, readingsOf } from './crowd.ts'

export type WitnessOrder =
  | { type: 'gather'; http: string; showId: string; count: number }
  | TestimonyOrder

/** Asks what they have seen, when each has this version or the time is up. */
interface TestimonyOrder {
  type: 'testify'
  version: string
  withinMs: number
}

export interface Testimony {
  type: 'testimony'
  /** Of each witness: the seat's index and when it was read to be held, in order. */
  readings: [index: number, ms: number][][]
  /** Packed states, by witness; null where the version is another. */
  maps: (string | null)[]
}

export type WitnessAnswer = { type: 'gathered' } | Testimony

let people: Onlooker[] = []
let readings: ReadonlyMap<number, number>[] = []

const hasVersion = ({ watch }: Onlooker, version: string) =>
  new Promise<void>((resolve) => {
    const look = () => watch.map.version === version && resolve()
    watch.on('change', look)
    look()
  })

async function testify({ version, withinMs }: TestimonyOrder): Promise<Testimony> {
  const all = Promise.all(people.map((one) => hasVersion(one, version)))
  await Promise.race([all, pause(withinMs)])
  const maps = people.map(({ watch: { map } }) => (map.version === version ? packedOf(map) : null))
  for (const { connection } of people) connection.close()
  return { type: 'testimony', readings: readings.map((one) => [...one]), maps }
}

async function obey(order: WitnessOrder): Promise<WitnessAnswer> {
  if (order.type === 'testify') return testify(order)
  people = await gather(order.http, order.showId, order.count)
  readings = people.map(readingsOf)
  return { type: 'gathered' }
}

process.on('message', (order: WitnessOrder) => {
  // A bug ends the process, and its parent hears of that.
  void obey(order).then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit(0))
