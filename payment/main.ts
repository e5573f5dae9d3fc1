import { configOrExit } from '../platform/config.ts'
import { runService } from '../platform/lifecycle.ts'
import { createLog } from '../platform/log.ts'
import { spec } from './config.ts'
import { buildPaymentService, SERVICE } from './service.ts'

const config = configOrExit(SERVICE, spec, process.env)
const log = createLog(SERVICE, config.logLevel)
await runService(SERVICE, buildPaymentService(config, log), log)
