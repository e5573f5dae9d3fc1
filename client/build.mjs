/**
 * Writes dist/: one module per file, with types, as TypeScript makes them from the sources alone.
 * `node build.mjs <folder>` writes it elsewhere.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const HOME = dirname(fileURLToPath(import.meta.url))
const out = resolve(process.argv[2] ?? join(HOME, 'dist'))
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

rmSync(out, { recursive: true, force: true })
execFileSync(process.execPath, [tsc, '-p', join(HOME, 'tsconfig.build.json'), '--outDir', out], {
  stdio: 'inherit',
})
// TypeScript rewrites the imports of modules, not those of their declarations.
for (const name of readdirSync(out).filter((one) => one.endsWith('.d.ts'))) {
  const path = join(out, name)
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replaceAll(/(from '\.\/[\w.]+)\.ts'/g, "$1.js'"))
}
