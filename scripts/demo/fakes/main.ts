/** The demo on whatever runs in the folder that FAKE_FOLDER names; what it starts has stand-ins. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runDemo } from '../command.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = process.env.FAKE_FOLDER ?? ''

process.exitCode = await runDemo([], {
  root,
  runFile: join(folder, 'run.json'),
  start: ['scripts/run.mjs', 'scripts/supervisor/fakes/start/main.ts', '--no-seed'],
})
