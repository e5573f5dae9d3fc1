/** A process that only delivers, for tests that kill it: the service without its consumer. */
import { configOrExit } from '../../../platform/config.ts'
import { runService } from '../../../platform/lifecycle.ts'
import { createLog } from '../../../platform/log.ts'
import { Metrics } from '../../../platform/metrics.ts'
import { Database } from '../../../platform/mysql/database.ts'
import { spec } from '../../config.ts'
import { createDelivery } from '../../service.ts'

const config = configOrExit('deliverer', spec, process.env)
const log = createLog('deliverer', config.logLevel)
const database = `${config.mysqlDatabasePrefix}_notification`
const db = new Database({ url: config.mysqlUrl, database, poolSize: 4, log })
const { components } = createDelivery(config, { db, log, metrics: new Metrics() })
await runService('deliverer', [db, ...components], log)
