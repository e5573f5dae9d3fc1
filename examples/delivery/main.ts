import { commonSpec, configOrExit } from '../../platform/config.ts'
import { runService } from '../../platform/lifecycle.ts'
import { createLog } from '../../platform/log.ts'
import { createDeliveryService } from './service.ts'

const config = configOrExit('delivery', commonSpec, process.env)
const log = createLog('delivery', config.logLevel)
await runService('delivery', createDeliveryService(config, log), log)
