import { configOrExit } from '../../../platform/config.ts'
import { failpoint } from '../../../platform/failpoints.ts'
import { runService } from '../../../platform/lifecycle.ts'
import { createLog } from '../../../platform/log.ts'
import { IssueRequest } from '../api.ts'
import { baselineSpec } from '../config.ts'
import { internalPost, json, refusal } from '../http/http.ts'
import { openDatabase, serve } from '../service.ts'
import { TicketBook } from './book.ts'

const config = configOrExit('baseline-ticket', baselineSpec, process.env)
const log = createLog('baseline-ticket', config.logLevel)
const migrations = [new URL('./migrations/', import.meta.url)]
const { db, components } = openDatabase({ service: 'ticket', config, migrations, log })
const book = new TicketBook(config.variant, db)
const routes = [
  internalPost('/tickets', IssueRequest, async (request) => {
    const outcome = await book.issue(request)
    failpoint('ticket.after-issue')
    return outcome === 'issued' ? json(201, { status: 'issued' }) : refusal(409, outcome)
  }),
  internalPost('/tickets/void', IssueRequest, async (request) => {
    await book.void(request)
    return json(200, { status: 'void' })
  }),
]
await runService('baseline-ticket', [...components, serve({ config, db, routes, log })], log)
