/** `dlq audit`: who replayed, edited and discarded what, newest first. */
import { table } from '../cli/table.ts'
import { timeInWords } from '../cli/words.ts'
import type { AuditEntry } from '../desk/desk.ts'
import type { Context } from './context.ts'

export async function audit({ stores, terminal }: Context, limit: number): Promise<void> {
  const entries = await (await stores.desk()).audits(limit)
  if (terminal.isJson) {
    terminal.json({ audit: entries.map(inJson) })
    return
  }
  if (entries.length === 0) terminal.say('Nothing was replayed, edited or discarded yet.')
  for (const line of table(entries.map(inColumns))) terminal.say(line)
}

const inJson = ({ begunAtMs, endedAtMs, ...entry }: AuditEntry) => ({
  ...entry,
  begunAt: new Date(begunAtMs).toISOString(),
  endedAt: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
})

function inColumns(entry: AuditEntry): string[] {
  const { begunAtMs, operator, command, outcome, filters, digest, counts } = entry
  return [
    timeInWords(begunAtMs).slice(0, 19),
    operator,
    command,
    outcome === 'running' ? 'running, or killed' : outcome,
    digest?.slice(0, 12) ?? '-',
    pairs(counts),
    pairs(filters),
  ]
}

const pairs = (value: unknown): string =>
  Object.entries(value as Record<string, unknown>)
    .filter(([, member]) => member !== null && member !== 0)
    .map(([name, member]) => `${name}=${member}`)
    .join(' ')
