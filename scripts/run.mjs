/**
 * Runs a TypeScript entry file: `node scripts/run.mjs <file.ts> [arguments]`.
 * It is imported into this very process, so signals, exit status and pid are the program's own.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { enableTypeScript } from './typescript.mjs'

const [file, ...args] = process.argv.slice(2)
if (!file) {
  console.error('usage: node scripts/run.mjs <file.ts> [arguments]')
  process.exit(2)
}

const entry = resolve(file)
process.argv = [process.argv[0], entry, ...args]
await enableTypeScript()
await import(pathToFileURL(entry).href)
