/**
 * The folder .holdfast beside package.json: everything that a running system keeps. It belongs to
 * one supervisor at a time.
 */
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { isRunning, markOf, type ProcessMark } from '../../platform/infra/processes.ts'

export interface Workspace {
  /** The folder of package.json. */
  root: string
  dir: string
  dataDir: string
  logDir: string
  mailDir: string
  /** What other programs find the running system by. */
  runFile: string
  /** The supervisor that has this folder. */
  ownerFile: string
  /** Every child process, for the next supervisor to end if this one cannot. */
  processesFile: string
  sessionKeyFile: string
  webhookSecretFile: string
}

const LOG_BYTES_MAX = 64 * 1024 * 1024

export function workspaceOf(root: string, dir = join(root, '.holdfast')): Workspace {
  return {
    root,
    dir,
    dataDir: join(dir, 'data'),
    logDir: join(dir, 'logs'),
    mailDir: join(dir, 'mail'),
    runFile: join(dir, 'run.json'),
    ownerFile: join(dir, 'supervisor.json'),
    processesFile: join(dir, 'processes.json'),
    sessionKeyFile: join(dir, 'session-key.json'),
    webhookSecretFile: join(dir, 'webhook-secret'),
  }
}

function readOwner(file: string): ProcessMark | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessMark
  } catch {
    return null
  }
}

/**
 * Takes the folder for this process. Answers the process that has it already, or null when it is
 * ours now.
 */
export function claim(workspace: Workspace): ProcessMark | null {
  mkdirSync(workspace.dir, { recursive: true, mode: 0o700 })
  const mine = markOf('supervisor', process.pid)
  for (;;) {
    try {
      writeFileSync(workspace.ownerFile, JSON.stringify(mine), { flag: 'wx', mode: 0o600 })
      return null
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = readOwner(workspace.ownerFile)
    if (owner && isRunning(owner)) return owner
    rmSync(workspace.ownerFile, { force: true })
  }
}

/** Gives the folder back. */
export function release(workspace: Workspace): void {
  rmSync(workspace.runFile, { force: true })
  rmSync(workspace.ownerFile, { force: true })
}

/** Removes what earlier runs kept; the cache of downloads stays. */
export function wipe(workspace: Workspace): void {
  const { dataDir, logDir, mailDir, runFile, sessionKeyFile, webhookSecretFile } = workspace
  for (const path of [dataDir, logDir, mailDir, runFile, sessionKeyFile, webhookSecretFile]) {
    rmSync(path, { recursive: true, force: true })
  }
}

const logFilesOf = (workspace: Workspace): string[] =>
  readdirSync(workspace.logDir)
    .filter((name) => name.endsWith('.log'))
    .map((name) => join(workspace.logDir, name))

/** Makes the folders and puts the logs of the last run aside as `<name>.log.1`. */
export function prepare(workspace: Workspace): void {
  for (const dir of [workspace.dataDir, workspace.logDir, workspace.mailDir]) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  }
  rmSync(workspace.runFile, { force: true })
  for (const file of logFilesOf(workspace)) renameSync(file, `${file}.1`)
}

/**
 * Keeps one earlier part of each log that has grown over 64 MiB. The children append to the file
 * they have open, so it is copied and emptied rather than renamed.
 */
export function trimLogs(workspace: Workspace, bytesMax = LOG_BYTES_MAX): void {
  for (const file of logFilesOf(workspace)) {
    if (statSync(file).size <= bytesMax) continue
    copyFileSync(file, `${file}.1`)
    truncateSync(file)
  }
}

/** What `.holdfast/run.json` says while the system runs. URLs have no trailing slash. */
export interface RunRecord {
  /** The supervisor's. */
  pid: number
  http: string
  /** host:port[,host:port...] */
  kafkaBrokers: string
  redisUrl: string
  /** Sees the databases of all services. */
  mysqlUrl: string
  sandboxUrl: string
  /** Null when JWT_JWKS_URL makes tokens somebody else's business. */
  adminToken: string | null
}

/** Writes run.json as a whole, readable by its owner alone, for it holds a token. */
export function writeRunRecord(workspace: Workspace, record: RunRecord): void {
  const fresh = `${workspace.runFile}.new`
  writeFileSync(fresh, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
  renameSync(fresh, workspace.runFile)
}
