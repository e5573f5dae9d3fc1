import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the seat picker is made of; tests and what the build left itself are not part of it. */
const SOURCES = ['web', 'client', 'contracts', 'package-lock.json']
const IS_SOURCE = /\.(tsx?|css|html|svg|json)$/
const IS_NO_SOURCE = /(^|\/)(dist|node_modules|testing)(\/|$)|\.test\.ts$/

/** All files below a path of the root that the page is made of, in a fixed order. */
function listSources(root, path) {
  if (IS_NO_SOURCE.test(path) || !existsSync(join(root, path))) return []
  if (IS_SOURCE.test(path)) return [path]
  return readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || IS_SOURCE.test(entry.name))
    .map((entry) => `${path}/${entry.name}`)
    .sort()
    .flatMap((inner) => listSources(root, inner))
}

function fingerprint(root) {
  const hash = createHash('sha256')
  for (const path of SOURCES.flatMap((source) => listSources(root, source))) {
    hash
      .update(`${path}\n`)
      .update(readFileSync(join(root, path)))
      .update('\n')
  }
  return hash.digest('hex')
}

function isFresh(stamp, wanted) {
  try {
    return readFileSync(stamp, 'utf8') === wanted
  } catch {
    return false
  }
}

/** The step that builds the seat picker into web/dist, or null when it is built from what is there. */
export function planPage({ root, say, purpose }) {
  if (purpose === 'check' || !existsSync(join(root, 'web/index.html'))) return null
  const stamp = join(root, 'web/dist/.made-of')
  const wanted = fingerprint(root)
  if (isFresh(stamp, wanted)) return null
  return () => {
    const vite = join(root, 'node_modules/vite/bin/vite.js')
    if (!existsSync(vite)) {
      say('the seat picker is not built anew: the packages for development are not installed')
      return
    }
    say('building the seat picker (vite build web)')
    const args = [vite, 'build', 'web', '--logLevel', 'warn']
    const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
    if (error) throw new Error(`the seat picker cannot be built: ${error.message}`)
    if (status !== 0) throw new Error(`the build of the seat picker failed with status ${status}`)
    writeFileSync(stamp, wanted)
  }
}
