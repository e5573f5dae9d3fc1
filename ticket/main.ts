import { configOrExit } from '../platform/config.ts'
import { runService } from '../platform/lifecycle.ts'
import { createLog } from '../platform/log.ts'
import { spec } from './config.ts'
import { createTicketService } from './service.ts'

const config = configOrExit('ticket', spec, process.env)
const log = createLog('ticket', config.logLevel)
await runService('ticket', createTicketService(config, log), log)
