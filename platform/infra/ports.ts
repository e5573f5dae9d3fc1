import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const PORT_MIN = 15_000
const PORT_MAX = 32_000
const ATTEMPTS_MAX = 200

/** Ports this process has given away; a server that was killed still owns its own. */
const given = new Set<number>()

/**
 * The kernel takes the local ports of outgoing connections from a range of its own. A server whose
 * port lies in it may find the port taken when it is restarted, and a client that tries to reach
 * it meanwhile may even connect to itself. So ours lie below.
 */
function portCeiling(): number {
  try {
    const [low] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)
    const ceiling = Math.min(PORT_MAX, Number(low) - 1)
    return ceiling > PORT_MIN + ATTEMPTS_MAX ? ceiling : PORT_MAX
  } catch {
    return PORT_MAX
  }
}

/** The addresses on which a taken port would stand in a server's way. */
const ANY_ADDRESS = ['127.0.0.1', '0.0.0.0', '::'] as const

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    // An address family that the machine does not have takes no port away.
    probe.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL'),
    )
    probe.listen({ port, host, exclusive: true, ipv6Only: host === '::' }, () =>
      probe.close(() => resolve(true)),
    )
  })
}

/** Whether we could listen on `port` just now: nobody else does and we are allowed to. */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of ANY_ADDRESS) if (!(await canListen(port, host))) return false
  return true
}

/** Takes a port out of those that freePort gives away: somebody of ours will listen on it. */
export function claimPort(port: number): void {
  given.add(port)
}

/** A free loopback port that this process has not given away before. Throws when it finds none. */
export async function freePort(): Promise<number> {
  const ceiling = portCeiling()
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = PORT_MIN + Math.floor(Math.random() * (ceiling - PORT_MIN))
    if (given.has(port)) continue
    given.add(port)
    if (await isPortFree(port)) return port
    given.delete(port)
  }
  throw new Error(`no free port between ${PORT_MIN} and ${ceiling} after ${ATTEMPTS_MAX} attempts`)
}
