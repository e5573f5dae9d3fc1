import { configOrExit } from '../../platform/config.ts'
import { runService } from '../../platform/lifecycle.ts'
import { createLog } from '../../platform/log.ts'
import { spec } from './config.ts'
import { buildSandbox } from './sandbox.ts'

const config = configOrExit('payment-sandbox', spec, process.env)
const log = createLog('payment-sandbox', config.logLevel)
const { webhookUrl, webhookSecret } = config
if (webhookUrl !== null && webhookSecret === null) {
  process.stderr.write('payment-sandbox cannot start: PAYMENT_WEBHOOK_SECRET is required\n')
  process.exit(1)
}
const webhook =
  webhookUrl !== null && webhookSecret !== null ? { url: webhookUrl, secret: webhookSecret } : null
await runService('payment-sandbox', buildSandbox({ ...config, webhook, log }).components, log)
