/**
 * `npm run demo`: plays five purchases against a running system, or one of its own, and prints
 * every hop with its time. Exit status 0 when all ended as they should, 1 otherwise.
 */
import { fileURLToPath } from 'node:url'
import { runDemo } from './demo/command.ts'

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

process.exitCode = await runDemo(process.argv.slice(2), {
  root: fileOf('..'),
  runFile: fileOf('../.holdfast/run.json'),
  start: [fileOf('run.mjs'), fileOf('start.ts'), '--no-seed'],
})
