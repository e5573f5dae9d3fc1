import { configOrExit } from '../platform/config.ts'
import { runService } from '../platform/lifecycle.ts'
import { createLog } from '../platform/log.ts'
import { spec } from './config.ts'
import { createNotificationService } from './service.ts'

const config = configOrExit('notification', spec, process.env)
const log = createLog('notification', config.logLevel)
await runService('notification', createNotificationService(config, log), log)
