import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What each server needs: programs, and the Debian package that brings them. */
const PROGRAMS = {
  redis: [{ files: ['redis-server'], packages: ['redis-server'] }],
  mariadb: [{ files: ['mariadbd', 'mariadb-install-db'], packages: ['mariadb-server'] }],
  kafka: [
    // Newer Debians have no Java 17 any more; their default one is newer and serves as well.
    { files: ['java'], packages: ['openjdk-17-jre-headless', 'default-jre-headless'] },
  ],
}
const BROWSER = { files: ['chromium'], packages: ['chromium'] }
/** Letters for the pictures that the browser tests take: Latin ones, and Korean ones. */
const FONTS = ['fonts-inter', 'fonts-nanum']
const MAVEN = { files: ['mvn'], packages: ['maven'] }
const DOCKER_WITHIN_MS = 5_000

function hasProgram(name) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return [...folders, '/usr/sbin', '/usr/local/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

const succeeds = (command, args) =>
  spawnSync(command, args, { stdio: 'ignore', timeout: DOCKER_WITHIN_MS }).status === 0

/** Whether a Docker engine with Compose answers, which then runs the servers for `npm start`. */
export const isDockerAnswering = () =>
  hasProgram('docker') &&
  succeeds('docker', ['version', '--format', '{{.Server.Version}}']) &&
  succeeds('docker', ['compose', 'version'])

/** The first of the alternatives that apt knows; the first at all when it knows none yet. */
function choosePackage(alternatives) {
  if (alternatives.length === 1) return alternatives[0]
  const known = alternatives.find((name) => {
    const { status, stdout } = spawnSync('apt-cache', ['policy', name], { encoding: 'utf8' })
    return status === 0 && /Candidate: (?!\(none\))/.test(stdout)
  })
  return known ?? alternatives[0]
}

/**
 * Installs packages without starting what is in them: Debian asks /usr/sbin/policy-rc.d, and 101
 * means no. A file of that name that somebody else put there is left alone. Services that the
 * packages would start at the next boot are disabled too, for Holdfast runs servers of its own.
 */
const INSTALL = `
set -e
policy=/usr/sbin/policy-rc.d
mark='# made by the bootstrap of Holdfast, for the time of one installation'
if [ ! -e "$policy" ] || grep -qF "$mark" "$policy"; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' HUP INT TERM
  printf '#!/bin/sh\\n%s\\nexit 101\\n' "$mark" > "$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q || echo 'apt-get update failed; trying with the lists that are there'
apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
for package in "$@"; do
  case "$package" in
    redis-server) unit=redis-server ;;
    mariadb-server) unit=mariadb ;;
    *) continue ;;
  esac
  if command -v systemctl > /dev/null; then systemctl disable -q "$unit" || true; fi
done
`

const isRoot = () => process.getuid?.() === 0

function install(packages, say) {
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`
  if (!existsSync('/usr/bin/apt-get')) {
    throw new Error(`this machine has no apt-get; install what Debian calls ${packages.join(', ')}`)
  }
  const asRoot = isRoot() ? [] : ['sudo', '-n']
  if (!isRoot() && !(hasProgram('sudo') && succeeds('sudo', ['-n', 'true']))) {
    const line = `${hasProgram('sudo') ? 'sudo sh' : 'su'} -c '${command}'`
    throw new Error(
      `these Debian packages are missing and only root may install them. Type:\n\n  ${line}\n`,
    )
  }
  say(`installing the Debian packages ${packages.join(', ')} (their services are not started)`)
  const [program, ...args] = [...asRoot, 'sh', '-c', INSTALL, 'install', ...packages]
  const { status } = spawnSync(program, args, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`the installation failed with status ${status}: ${command}`)
}

/** Where there is no apt the tests run with whatever letters there are. */
const missingFonts = () =>
  existsSync('/usr/bin/apt-get')
    ? FONTS.filter((name) => !existsSync(`/var/lib/dpkg/info/${name}.list`)).map((name) => ({
        packages: [name],
      }))
    : []

/** The step that installs missing programs, or null when all are there. */
export function planPrograms({ say, servers, purpose, withMaven }) {
  const needed = servers.flatMap((server) => PROGRAMS[server])
  if (withMaven) needed.push(MAVEN)
  if (purpose === 'test') needed.push(BROWSER)
  const missing = needed.filter(({ files }) => !files.every(hasProgram))
  if (purpose === 'test') missing.push(...missingFonts())
  if (missing.length === 0) return null
  return () =>
    install(
      missing.map(({ packages }) => choosePackage(packages)),
      say,
    )
}
