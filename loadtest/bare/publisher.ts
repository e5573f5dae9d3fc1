/**
 * uWebSockets.js and nothing else: whoever connects is sent the same payloads, one after the other,
 * as fast as the library does it. It is a process of its own, told what to do by its parent.
 */
import uWS from 'uWebSockets.js'

const HOST = '127.0.0.1'
const TOPIC = 'all'
/** As the feed has it, so that both have the same way of getting rid of who does not read. */
const BACKLOG_BYTES_LIMIT = 1024 * 1024

export type PublisherOrder =
  | { type: 'take'; payloads: readonly string[] }
  | { type: 'publish'; forMs: number }

export type PublisherAnswer =
  | { type: 'listening'; port: number }
  | { type: 'taken' }
  | { type: 'published'; count: number }

const say = (answer: PublisherAnswer): void => {
  process.send?.(answer)
}

let payloads: readonly string[] = []

const app = uWS
  .App()
  .ws('/*', {
    maxBackpressure: BACKLOG_BYTES_LIMIT,
    closeOnBackpressureLimit: 1,
    open: (ws) => {
      ws.subscribe(TOPIC)
    },
  })
  .listen(HOST, 0, (socket) => {
    if (!socket) throw new Error('no port to be had')
    say({ type: 'listening', port: uWS.us_socket_local_port(socket) })
  })

/** One payload per turn of the event loop: more would leave in one packet, and be another thing. */
function publish(forMs: number): void {
  const endMs = performance.now() + forMs
  let count = 0
  const turn = (): void => {
    if (performance.now() < endMs) {
      app.publish(TOPIC, payloads[count % payloads.length] as string)
      count += 1
      setImmediate(turn)
    } else say({ type: 'published', count })
  }
  turn()
}

process.on('message', (order: PublisherOrder) => {
  if (order.type === 'publish') return publish(order.forMs)
  payloads = order.payloads
  say({ type: 'taken' })
})
process.on('disconnect', () => process.exit(0))
