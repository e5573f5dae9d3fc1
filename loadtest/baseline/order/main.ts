import { createClient, whenReady } from '../../../lua/client.ts'
import { SeatScripts } from '../../../lua/seatScripts.ts'
import { configOrExit } from '../../../platform/config.ts'
import { runService } from '../../../platform/lifecycle.ts'
import { createLog } from '../../../platform/log.ts'
import { component, openDatabase, serve } from '../service.ts'
import { unitOf } from '../unit.ts'
import { BuyerLimit, Sessions } from './auth.ts'
import { Booking } from './booking.ts'
import { Checkout } from './checkout.ts'
import { spec } from './config.ts'
import { Holder } from './holder.ts'
import { createParticipants } from './participants.ts'
import { orderRoutes } from './routes.ts'
import { Shows } from './shows.ts'
import { OrderStore } from './store.ts'
import { checkRedis, openShards, repeatedly, sweepOrders, sweepShards } from './sweep.ts'

const REDIS_WITHIN_MS = 30_000
const SWEEP_SHARDS_MS = 1_000
const SWEEP_ORDERS_MS = 500

const config = configOrExit('baseline-order', spec, process.env)
const log = createLog('baseline-order', config.logLevel)
const { variant, leaseMs, shards } = config
const migrations = [new URL('./migrations/', import.meta.url)]
const { db, components } = openDatabase({ service: 'order', config, migrations, log })
const client = createClient({ url: config.redisUrl, name: 'baseline-order' })
const scripts = new SeatScripts(client)
const unit = unitOf(variant, db)
const shows = new Shows({ db, unit, shards })
const store = new OrderStore({ db, unit })
const participants = createParticipants({ ...config, log })
const checkout = new Checkout({ scripts, store, shows, participants, leaseMs })
const holder = new Holder({ scripts, isBatching: variant === 'tuned' })
const booking = new Booking({ scripts, holder, shows, store, checkout, leaseMs })
const sessions = await Sessions.create(config.sessionKey ?? {})
const limit = new BuyerLimit(config.buyerRequestsPerSMax)
const routes = orderRoutes({ sessions, limit, shows, booking })
const redis = component('redis', {
  start: async () => {
    await whenReady(client, REDIS_WITHIN_MS)
    await openShards(scripts, shards)
  },
  stop: async () => client.disconnect(),
})
await runService(
  'baseline-order',
  [
    ...components,
    redis,
    component('clients', { stop: () => participants.close() }),
    repeatedly({
      ...{ name: 'shards', everyMs: SWEEP_SHARDS_MS, log },
      round: () => sweepShards(scripts, shards),
    }),
    repeatedly({
      ...{ name: 'orders', everyMs: SWEEP_ORDERS_MS, log },
      round: () => sweepOrders({ store, checkout, leaseMs, log }),
    }),
    serve({ config, db, routes, log, checks: { redis: () => checkRedis(scripts) } }),
  ],
  log,
)
