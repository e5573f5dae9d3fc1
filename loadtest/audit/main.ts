/**
 * The audit as a process of its own, for the facts of a large run are not to stay in the memory of
 * the one that measures. Reads the addresses of the stores from stdin, writes the audit to stdout.
 */
import { text } from 'node:stream/consumers'
import type { Stores } from '../../operator/checker/gather.ts'
import { createLog } from '../../platform/log.ts'
import { auditStores } from './holdfastFacts.ts'

const stores = JSON.parse(await text(process.stdin)) as Omit<Stores, 'log'>
const audit = await auditStores({ ...stores, log: createLog('audit', 'silent') })
process.stdout.write(JSON.stringify(audit))
