import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { findProgram, runTool } from './child.ts'
import { mysqlAnswers } from './probe.ts'
import { type RunningServer, type ServerOptions, startServer } from './server.ts'

export interface MariadbOptions extends ServerOptions {
  /** InnoDB's page cache in MiB. */
  bufferPoolMib?: number
}

const READY_WITHIN_MS = 60_000
const BUFFER_POOL_MIB = 64
/** Written last, so that a data folder whose making was interrupted is made anew. */
const INSTALLED_MARK = '.holdfast-installed'

/** Makes the system tables. Every statement of it goes to the folder alone; nothing is started. */
async function install({ dataDir, registry, signal, logFile }: MariadbOptions): Promise<void> {
  const program = findProgram('mariadb-install-db')
  if (!program) throw new Error('mariadb-install-db is missing; node scripts/bootstrap.mjs start')
  rmSync(dataDir, { recursive: true, force: true })
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  // Two that are made at the same time would share names in the common temporary folder.
  const temporary = mkdtempSync(join(tmpdir(), 'holdfast-mariadb-'))
  await runTool({
    name: 'mariadb-install-db',
    command: program,
    args: [
      '--no-defaults',
      `--datadir=${dataDir}`,
      `--user=${userInfo().username}`,
      `--tmpdir=${temporary}`,
      // The server listens on the loopback alone; its administrator needs no password there.
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--innodb-log-file-size=32M',
    ],
    logFile: logFile ?? join(dataDir, 'install.log'),
    ...(registry && { registry }),
    ...(signal && { signal }),
  }).finally(() => rmSync(temporary, { recursive: true, force: true }))
  writeFileSync(join(dataDir, INSTALLED_MARK), 'made by mariadb-install-db\n')
}

/** The redo log is half as large as the page cache: a smaller one is written around all the time. */
const serverArgs = (options: MariadbOptions, port: number): string[] => [
  '--no-defaults',
  `--user=${userInfo().username}`,
  `--datadir=${options.dataDir}`,
  `--port=${port}`,
  '--bind-address=127.0.0.1',
  // Both lie in the data folder, where the server works. The path of a socket may have 107 bytes
  // at most, so it must not be spelled from the root.
  '--socket=mariadb.sock',
  '--pid-file=mariadb.pid',
  '--skip-name-resolve',
  '--character-set-server=utf8mb4',
  '--collation-server=utf8mb4_general_ci',
  '--transaction-isolation=READ-COMMITTED',
  // A commit that was answered survives the machine, not only the process.
  '--innodb-flush-log-at-trx-commit=1',
  `--innodb-buffer-pool-size=${options.bufferPoolMib ?? BUFFER_POOL_MIB}M`,
  `--innodb-log-file-size=${(options.bufferPoolMib ?? BUFFER_POOL_MIB) / 2}M`,
  `--innodb-log-buffer-size=${(options.bufferPoolMib ?? BUFFER_POOL_MIB) / 16}M`,
  '--key-buffer-size=1M',
  '--aria-pagecache-buffer-size=4M',
  '--query-cache-type=0',
  '--query-cache-size=0',
  '--performance-schema=OFF',
  '--max-connections=300',
  '--max-allowed-packet=64M',
  '--table-open-cache=400',
]

/**
 * Starts mariadbd on `dataDir`, making the system tables the first time.
 * `url` is `mysql://root@127.0.0.1:<port>`: an administrator without a password, reachable from
 * this machine alone.
 * @throws Error when MariaDB is not installed or does not get ready.
 */
export async function startMariadb(options: MariadbOptions): Promise<RunningServer> {
  const command = findProgram('mariadbd')
  if (!command) throw new Error('mariadbd is not installed; node scripts/bootstrap.mjs start')
  if (!existsSync(join(options.dataDir, INSTALLED_MARK))) await install(options)
  return startServer(
    {
      name: 'mariadb',
      urlOf: (port) => `mysql://root@127.0.0.1:${port}`,
      launch: (port) => ({ command, args: serverArgs(options, port) }),
      isReady: mysqlAnswers,
      readyWithinMs: READY_WITHIN_MS,
    },
    options,
  )
}
