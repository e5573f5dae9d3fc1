/** `npm start` with stand-ins for the services, in the folder that FAKE_FOLDER names. */
import { fileURLToPath } from 'node:url'
import { loadSupervisorConfig } from '../../config.ts'
import { runSupervisor } from '../../run.ts'
import { HOLDFAST_SERVICES } from '../../services.ts'
import { workspaceOf } from '../../workspace.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const mode = process.env.FAKE_PAYMENT_MODE ?? 'good'

await runSupervisor({
  args: process.argv.slice(2),
  workspace: workspaceOf(root, process.env.FAKE_FOLDER),
  services: HOLDFAST_SERVICES.map((spec) => ({
    ...spec,
    entry: 'scripts/supervisor/fakes/service/main.mjs',
    env: (context) => ({
      ...spec.env(context),
      FAKE_MODE: spec.name === 'payment' ? mode : 'good',
    }),
  })),
  loadConfig: loadSupervisorConfig,
  terminal: process.stdout,
})
