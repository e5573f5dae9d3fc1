/** The entry of the package: everything begins with `connect`. */
import { Connection } from './connection.ts'
import type { ConnectOptions } from './types.ts'

export type { Connection, ConnectionEvents } from './connection.ts'
export type { SeatMap } from './seatMap.ts'
export type * from './types.ts'
export type { Watch, WatchEvents } from './watch.ts'

/**
 * Connects to the feed of a Holdfast server, now and whenever the connection is lost, until it is
 * closed. Answers at once; `state` tells how far it is.
 *
 * @throws TypeError when the address is none, or the platform has no WebSocket and none was given
 */
export function connect(options: ConnectOptions): Connection {
  return new Connection(options)
}
