/**
 * Completes package-lock.json after `npm install <package>`: `node scripts/complete-lock.mjs`.
 * Optional packages for other platforms drop out of the lock when the registry in use does not
 * serve them, and `npm ci` then refuses the lock everywhere. Each gets an entry back, with the
 * version its parent asks for and the platform its name tells; npm skips it on all others.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const LOCK = join(dirname(fileURLToPath(import.meta.url)), '../package-lock.json')
const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const PROCESSORS = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x']

/** Optional dependencies that some package of the lock names and that the lock does not hold. */
export function missingOptional(packages) {
  const paths = Object.keys(packages)
  return Object.entries(packages).flatMap(([parent, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !paths.some((path) => path.endsWith(`node_modules/${name}`)))
      .map(([name, version]) => ({ name, version, parent })),
  )
}

/** The lock entry of a package whose name ends in its platform, as `-linux-x64-musl` does. */
function entryOf({ name, version, parent }, packages) {
  const words = name.split(/[/-]/)
  const os = SYSTEMS.find((system) => words.includes(system))
  const cpu = PROCESSORS.find((processor) => words.includes(processor))
  if (!os || !cpu || !/^\d/.test(version)) {
    throw new Error(`cannot tell the platform or the version of ${name}@${version}`)
  }
  const { dev, license } = packages[parent]
  return {
    version,
    cpu: [cpu],
    ...(dev && { dev }),
    ...(words.includes('musl') && { libc: ['musl'] }),
    ...(license && { license }),
    optional: true,
    os: [os],
  }
}

function complete() {
  const lock = JSON.parse(readFileSync(LOCK, 'utf8'))
  const missing = missingOptional(lock.packages)
  for (const one of missing) {
    lock.packages[`node_modules/${one.name}`] = entryOf(one, lock.packages)
  }
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
  lock.packages = Object.fromEntries(sorted)
  if (missing.length > 0) writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`)
  console.log(`package-lock.json: ${missing.length} entries added`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) complete()
