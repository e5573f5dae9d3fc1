import { openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 200

/** Takes the lock file, or answers the pid of the process that has it (NaN when it is broken). */
function take(file) {
  try {
    const fd = openSync(file, 'wx')
    writeSync(fd, String(process.pid))
    return null
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  try {
    return Number(readFileSync(file, 'utf8') || Number.NaN)
  } catch {
    return Number.NaN
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Runs `work` while no other process runs its own under the same lock file. */
export async function withLock({ file, say }, work) {
  let hasSaid = false
  let lastBroken = 0
  for (;;) {
    const owner = take(file)
    if (owner === null) break
    // An empty file may be one whose owner is just writing its pid; twice in a row it is broken.
    const isBroken = Number.isNaN(owner) ? ++lastBroken > 2 : !isAlive(owner)
    if (isBroken) {
      rmSync(file, { force: true })
      continue
    }
    if (!hasSaid && !Number.isNaN(owner)) {
      say(`another bootstrap (pid ${owner}) is at work here; waiting for it`)
      hasSaid = true
    }
    await pause(POLL_MS)
  }
  try {
    await work()
  } finally {
    rmSync(file, { force: true })
  }
}
