import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ATTEMPTS_MAX = 3

/** Lets Maven copy the jars to `folder`; answers whether it could. */
function copyJars(pom, folder) {
  const { status, error, stdout } = spawnSync(
    'mvn',
    [
      // Batch mode, quiet, and a wrong checksum is an error rather than a warning.
      ...['-B', '-q', '-C', '-f', pom, 'dependency:copy-dependencies'],
      ...['-DincludeScope=runtime', `-DoutputDirectory=${folder}`],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  )
  if (error) throw new Error(`mvn cannot be run: ${error.message}`)
  if (status !== 0) console.error(stdout)
  return status === 0
}

/** The step that fetches Kafka's jars, or null when those that ops/kafka/pom.xml names are there. */
export function planKafkaJars({ root, say, servers }) {
  if (!servers.includes('kafka')) return null
  const pom = join(root, 'ops/kafka/pom.xml')
  const text = readFileSync(pom, 'utf8')
  const version = /<kafka\.version>([^<]+)</.exec(text)[1]
  const home = join(root, '.holdfast/cache', `kafka-${version}`)
  const stamp = join(home, 'pom.sha256')
  const wanted = createHash('sha256').update(text).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return null
  return () => {
    say(`fetching the jars of Kafka ${version} through Maven (about 54 MB, once)`)
    const partial = join(home, 'libs.partial')
    for (let attempt = 1; ; attempt += 1) {
      rmSync(partial, { recursive: true, force: true })
      if (copyJars(pom, partial)) break
      if (attempt === ATTEMPTS_MAX) {
        throw new Error(`Maven could not fetch Kafka's jars (its message stands above)`)
      }
      say('Maven failed; trying again')
    }
    rmSync(join(home, 'libs'), { recursive: true, force: true })
    renameSync(partial, join(home, 'libs'))
    writeFileSync(stamp, wanted)
  }
}
