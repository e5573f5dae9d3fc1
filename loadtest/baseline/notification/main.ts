import { configOrExit } from '../../../platform/config.ts'
import { runService } from '../../../platform/lifecycle.ts'
import { createLog } from '../../../platform/log.ts'
import { NoticeRequest } from '../api.ts'
import { internalPost, json } from '../http/http.ts'
import { openDatabase, serve } from '../service.ts'
import { unitOf } from '../unit.ts'
import { spec } from './config.ts'
import { Courier } from './courier.ts'
import { keepNotice } from './store.ts'

const config = configOrExit('baseline-notification', spec, process.env)
const log = createLog('baseline-notification', config.logLevel)
const migrations = [new URL('./migrations/', import.meta.url)]
const { db, components } = openDatabase({ service: 'notification', config, migrations, log })
const courier = new Courier({ ...config, db, log })
const unit = unitOf(config.variant, db)
const routes = [
  internalPost('/notices', NoticeRequest, async (notice) => {
    await keepNotice(unit, notice)
    return json(201, { status: 'kept' })
  }),
]
await runService(
  'baseline-notification',
  [...components, courier, serve({ config, db, routes, log })],
  log,
)
