import { runService } from '../platform/lifecycle.ts'
import { createLog } from '../platform/log.ts'
import { reservationConfigOrExit } from './config.ts'
import { createReservationService } from './service.ts'

const config = reservationConfigOrExit(process.env)
const log = createLog('reservation', config.logLevel)
const { components } = await createReservationService(config, log)
await runService('reservation', components, log)
