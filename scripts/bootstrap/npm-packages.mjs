import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Names the lock file, the platform and the Node generation that node_modules was made for. */
function fingerprint(root) {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const [major] = process.versions.node.split('.')
  const hash = createHash('sha256').update(lock).digest('hex')
  return `${hash} ${process.platform}-${process.arch} node${major}`
}

const read = (file) => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

/**
 * Whether npm's own record of what it installed agrees with the lock file, as after a hand-typed
 * `npm ci` or `npm install`. Optional packages may be absent (they are for other platforms), and
 * those for development too when they are not needed.
 */
function isInstalled(root, withDev) {
  const record = read(join(root, 'node_modules/.package-lock.json'))
  if (record === null) return false
  const installed = JSON.parse(record).packages ?? {}
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  for (const [path, wanted] of Object.entries(packages)) {
    if (path === '' || wanted.optional || wanted.devOptional || wanted.peer) continue
    const found = installed[path]
    if (!found && wanted.dev && !withDev) continue
    if (found?.version !== wanted.version || found.integrity !== wanted.integrity) return false
  }
  return true
}

/** Runs npm, the one that started us when there is one, and throws when it fails. */
function npm(root, args) {
  const script = process.env.npm_execpath
  const [command, ...first] = script ? [process.execPath, script] : ['npm']
  // NODE_ENV=production would leave the packages for development out.
  const env = { ...process.env, NODE_ENV: '' }
  const { status, error } = spawnSync(command, [...first, ...args], {
    cwd: root,
    stdio: 'inherit',
    env,
  })
  if (error) throw new Error(`npm cannot be run: ${error.message}`)
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed with status ${status}`)
}

/** The step that installs the npm packages, or null when they are there. */
export function planPackages({ root, say, purpose }) {
  const stamp = join(root, 'node_modules/.holdfast-lock')
  const wanted = fingerprint(root)
  // `check` and `test` work with packages that a production install leaves out.
  const withDev = purpose !== 'start'
  const hasDev = existsSync(join(root, 'node_modules/vitest/package.json'))
  if (read(stamp) === wanted && (hasDev || !withDev)) return null
  if (isInstalled(root, withDev)) {
    writeFileSync(stamp, wanted)
    return null
  }
  return () => {
    say('installing the npm packages of package-lock.json (npm ci)')
    npm(root, ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
    writeFileSync(stamp, wanted)
  }
}
