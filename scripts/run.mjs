/**
 * Runs a TypeScript or JavaScript entry file: `node scripts/run.mjs <file> [arguments]`.
 * It is imported into this very process, so signals, exit status and pid are the program's own.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { enableTypeScript } from './typescript.mjs'

const [file, ...args] = process.argv.slice(2)
if (!file) {
  console.error('usage: node scripts/run.mjs <file> [arguments]')
  process.exit(2)
}

const entry = resolve(file)
process.argv = [process.argv[0], entry, ...args]
if (entry.endsWith('.ts')) await enableTypeScript()
await import(pathToFileURL(entry).href)
