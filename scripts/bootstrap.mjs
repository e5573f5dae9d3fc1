/**
 * Makes a bare clone ready: `node scripts/bootstrap.mjs <start|test|check|build>`. It runs before
 * the npm script of that name, with nothing but Node itself, and brings what is missing:
 *   - the npm packages of package-lock.json                       (start, test, check, build)
 *   - redis-server, mariadb-server, a Java runtime and Maven      (start, test)
 *   - Kafka's jars, through Maven, into .holdfast/cache           (start, test)
 *   - Chromium, and fonts for what it shows                       (test)
 *   - the seat picker, built into web/dist                        (start, test, build)
 * It says what it does, does nothing twice, and never starts a system service.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { planKafkaJars } from './bootstrap/kafka-jars.mjs'
import { withLock } from './bootstrap/lock.mjs'
import { planPackages } from './bootstrap/npm-packages.mjs'
import { planPage } from './bootstrap/page.mjs'
import { isDockerAnswering, planPrograms } from './bootstrap/programs.mjs'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const PURPOSES = ['start', 'test', 'check', 'build']

const say = (text) => console.log(`bootstrap: ${text}`)

/** Ends the process when Node is older than package.json asks for. */
function requireNode() {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const needed = /(\d+)\.(\d+)/.exec(engines.node)
  const [major, minor] = process.versions.node.split('.').map(Number)
  const isNewEnough =
    major > Number(needed[1]) || (major === Number(needed[1]) && minor >= Number(needed[2]))
  if (isNewEnough) return
  console.error(
    `bootstrap: Holdfast needs Node ${needed[0]} or newer, and this is ${process.version} ` +
      `(${process.execPath}). Install a newer Node and run the same command again.`,
  )
  process.exit(1)
}

/** Which servers this run has to start itself; the others are named by the environment. */
function serversToStart(purpose, env) {
  if (purpose === 'check' || purpose === 'build') return []
  const named = { redis: env.REDIS_URL, mariadb: env.MYSQL_URL, kafka: env.KAFKA_BROKERS }
  return Object.keys(named).filter((server) => !named[server])
}

async function main() {
  requireNode()
  const purpose = process.argv[2]
  if (!PURPOSES.includes(purpose)) {
    console.error(`usage: node scripts/bootstrap.mjs <${PURPOSES.join('|')}>`)
    process.exit(2)
  }
  const state = join(ROOT, '.holdfast')
  mkdirSync(state, { recursive: true, mode: 0o700 })
  const servers = serversToStart(purpose, process.env)
  const todo = plan({ root: ROOT, say, servers, purpose })
  if (todo.length === 0) return
  // Two commands may be typed into one fresh clone at once: the second waits, then looks again.
  await withLock({ file: join(state, 'bootstrap.lock'), say }, async () => {
    for (const step of plan({ root: ROOT, say, servers, purpose })) await step()
  })
}

/** The steps that are still to be done, in order; none when all is there. */
function plan(needs) {
  const packages = planPackages(needs)
  const jars = planKafkaJars(needs)
  const programs = planPrograms({ ...needs, withMaven: jars !== null })
  const servers = [programs, jars].filter((step) => step !== null)
  const own = [packages, planPage(needs)].filter((step) => step !== null)
  const mayCompose = needs.purpose === 'start' && process.env.HOLDFAST_INFRA !== 'own'
  if (servers.length > 0 && mayCompose && isDockerAnswering()) {
    needs.say('Docker Compose will run Redis, Kafka and SQL; nothing is installed for them')
    return own
  }
  return [...own, ...servers]
}

main().catch((error) => {
  console.error(`bootstrap: ${error.message}`)
  process.exit(1)
})
