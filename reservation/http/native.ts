/**
 * uWebSockets.js, and the proof that it is the native module: a package of that name on a public
 * registry is not upstream's, so nothing but the real thing may take its place unnoticed.
 */
import uWS from 'uWebSockets.js'
import { OperationalError } from '../../platform/errors.ts'

export type ListenSocket = uWS.us_listen_socket

/** The form of `listen` with both host and options, which the native module has but its types lack. */
interface ListenOnHost {
  listen(
    host: string,
    port: number,
    options: number,
    done: (socket: ListenSocket | false) => void,
  ): unknown
}

const SHARED_PORT = 0
/** LIBUS_LISTEN_EXCLUSIVE_PORT, which the types declare in another place than the module. */
const EXCLUSIVE_PORT = 1

/** Throws OperationalError STARTUP_FAILED unless the native module is loaded. */
export function assertNative(): void {
  if (typeof uWS.getParts === 'function' && typeof uWS.us_socket_local_port === 'function') return
  const detail = 'uWebSockets.js is not the native module'
  throw new OperationalError('STARTUP_FAILED', { retriable: false, detail })
}

export const createApp = (): uWS.TemplatedApp => uWS.App()

/**
 * Listens and answers the socket and its port. Without `isShared` nobody else can listen on the
 * port, not even another process of ours: by default two would silently share its connections.
 *
 * @throws OperationalError STARTUP_FAILED when the port is taken
 */
export async function listen(
  app: uWS.TemplatedApp,
  options: { host: string; port: number; isShared: boolean },
): Promise<{ socket: ListenSocket; port: number }> {
  const { host, port, isShared } = options
  const mode = isShared ? SHARED_PORT : EXCLUSIVE_PORT
  const socket = await new Promise<ListenSocket | false>((resolve) => {
    ;(app as unknown as ListenOnHost).listen(host, port, mode, resolve)
  })
  if (!socket) {
    const detail = `cannot listen on ${host}:${port}`
    throw new OperationalError('STARTUP_FAILED', { retriable: false, detail })
  }
  return { socket, port: uWS.us_socket_local_port(socket as uWS.us_socket) }
}

export const closeListener = (socket: ListenSocket): void => uWS.us_listen_socket_close(socket)
