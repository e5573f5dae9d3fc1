/**
 * Runs a TypeScript entry file: `node scripts/run.mjs <file.ts> [arguments]`.
 * Where Node strips types by itself (22.18 and newer) nothing is added; on Node 20 tsx is
 * registered in this very process, so that signals, exit status and pid are the program's own.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [file, ...args] = process.argv.slice(2)
if (!file) {
  console.error('usage: node scripts/run.mjs <file.ts> [arguments]')
  process.exit(2)
}

const entry = resolve(file)
process.argv = [process.argv[0], entry, ...args]
if (!process.features.typescript) {
  const { register } = await import('tsx/esm/api')
  register()
}
await import(pathToFileURL(entry).href)
