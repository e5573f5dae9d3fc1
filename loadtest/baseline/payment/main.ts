import { configOrExit } from '../../../platform/config.ts'
import { runService } from '../../../platform/lifecycle.ts'
import { createLog } from '../../../platform/log.ts'
import { component, openDatabase, serve } from '../service.ts'
import { PaymentBook } from './book.ts'
import { spec } from './config.ts'
import { createProvider } from './provider.ts'
import { paymentRoutes } from './routes.ts'

const config = configOrExit('baseline-payment', spec, process.env)
const log = createLog('baseline-payment', config.logLevel)
const migrations = [new URL('./migrations/', import.meta.url)]
if (config.variant === 'tuned') migrations.push(new URL('./tuned/', import.meta.url))
const { db, components } = openDatabase({ service: 'payment', config, migrations, log })
const provider = createProvider({
  url: config.providerUrl,
  readTimeoutMs: config.callMsMax,
  logLevel: config.clientLogLevel,
  log,
})
const routes = paymentRoutes({ book: new PaymentBook(config.variant, db), provider })
const closing = component('provider', { stop: () => provider.close() })
await runService(
  'baseline-payment',
  [...components, closing, serve({ config, db, routes, log })],
  log,
)
