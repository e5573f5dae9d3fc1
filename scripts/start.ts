/** `npm start`: the whole system in one terminal. See --help. */
import { fileURLToPath } from 'node:url'
import { loadSupervisorConfig } from './supervisor/config.ts'
import { runSupervisor } from './supervisor/run.ts'
import { HOLDFAST_SERVICES } from './supervisor/services.ts'
import { workspaceOf } from './supervisor/workspace.ts'

await runSupervisor({
  args: process.argv.slice(2),
  workspace: workspaceOf(fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')),
  services: HOLDFAST_SERVICES,
  loadConfig: loadSupervisorConfig,
  terminal: process.stdout,
})
