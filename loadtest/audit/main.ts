/**
 * The audit as a process of its own, for the facts of a large run are not to stay in the memory of
 * the one that measures. Reads what to audit from stdin, writes the audit to stdout.
 */
import { text } from 'node:stream/consumers'
import { createLog } from '../../platform/log.ts'
import type { AuditTask } from './apart.ts'
import type { Audit } from './audit.ts'
import { auditBaseline } from './baseline.ts'
import { auditStores } from './holdfastFacts.ts'

function audit(task: AuditTask): Promise<Audit> {
  if (task.architecture === 'synchronous') return auditBaseline(task.stores)
  return auditStores({ ...task.stores, log: createLog('audit', 'silent') })
}

const task = JSON.parse(await text(process.stdin)) as AuditTask
process.stdout.write(JSON.stringify(await audit(task)))
