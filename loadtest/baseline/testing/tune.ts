/**
 * Measures settings of the baseline against each other, on one pair of servers:
 *
 *   node --import tsx loadtest/baseline/testing/tune.ts --variant tuned \
 *     --try SQL_CONNECTIONS=8 --try SQL_CONNECTIONS=16 --try SQL_CONNECTIONS=32 --buyers 128
 *
 * Each `--try` is an environment that the services get (`A=1,B=2`, or `order.A=1` for one of them).
 * Prints completed orders/s, and CPU milliseconds per order by process.
 */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startClosedLoop } from '../../light/closedLoop.ts'
import { openSessions, openShows } from '../../light/prepare.ts'
import { startCpuMeter } from '../../systems/cpu.ts'
import { openStage, type Stage } from '../../systems/stage.ts'
import { VARIANTS, type Variant } from '../api.ts'
import { BASELINE_PROCESSES, type BaselineProcess, startBaseline } from '../launch.ts'

const HALL = { shows: 32, rows: 250, seatsPerRow: 100 }
const SESSIONS = 1_000

const { values } = parseArgs({
  options: {
    variant: { type: 'string', default: 'idiomatic' },
    try: { type: 'string', multiple: true, default: [''] },
    buyers: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '1' },
    'warm-up': { type: 'string', default: '3' },
    seconds: { type: 'string', default: '6' },
  },
})
const variant = VARIANTS.find((one) => one === values.variant)
if (!variant) throw new RangeError(`--variant must be one of ${VARIANTS.join(', ')}`)

/** `A=1,order.B=2` as what everyone gets and what single processes get. */
function parseTry(text: string) {
  const env: Record<string, string> = {}
  const envOf: Partial<Record<BaselineProcess, Record<string, string>>> = {}
  for (const setting of text.split(',').filter(Boolean)) {
    const [name = '', value = ''] = setting.split('=')
    const process = BASELINE_PROCESSES.find((one) => name.startsWith(`${one}.`))
    if (!process) env[name] = value
    else envOf[process] = { ...envOf[process], [name.slice(process.length + 1)]: value }
  }
  return { env, envOf }
}

let runs = 0

async function measure(stage: Stage, of: Variant, text: string): Promise<void> {
  runs += 1
  const baseline = await startBaseline({
    variant: of,
    stack: { redis: { url: stage.urlOf('redis') }, mariadb: { url: stage.urlOf('mariadb') } },
    dir: join(stage.dir, `run-${runs}`),
    databasePrefix: `tune${runs}`,
    registry: stage.registry,
    ...parseTry(text),
  })
  try {
    const seats = await openShows(baseline, HALL)
    const tokens = await openSessions(baseline.http, SESSIONS)
    const buyers = Number(values.buyers)
    const loop = startClosedLoop({ http: baseline.http, tokens, seats, buyers, waitEvery: 0 })
    await pause(Number(values['warm-up']) * 1_000)
    loop.reset()
    const servers = Object.values(stage.servers)
    const readCpu = startCpuMeter(() => [...servers, ...Object.values(baseline.services)])
    const startedMs = performance.now()
    await pause(Number(values.seconds) * 1_000)
    const seconds = (performance.now() - startedMs) / 1_000
    const { accepted, failures } = loop.figures
    const cpu = [...readCpu()].map(([name, ms]) => `${name} ${(ms / accepted).toFixed(3)}`)
    await loop.stop()
    const rate = Math.round(accepted / seconds)
    const failed = failures.size > 0 ? ` FAILURES ${JSON.stringify([...failures])}` : ''
    console.log(`${of} ${text || '(defaults)'}: ${rate} orders/s; ms: ${cpu.join(', ')}${failed}`)
  } finally {
    await baseline.stop()
  }
}

const stage = await openStage(['redis', 'mariadb'])
try {
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const text of values.try) await measure(stage, variant, text)
  }
} finally {
  await stage.stop()
}
