import { configOrExit } from '../config.ts'
import { runService } from '../lifecycle.ts'
import { createLog } from '../log.ts'
import { sampleService, spec } from './service.ts'

const config = configOrExit('sample', spec, process.env)
const log = createLog('sample', config.logLevel)
await runService('sample', sampleService(config, log), log)
