/** A TCP relay in front of a server, for tests that cut lines and keep clients from reading. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Relay {
  /** http://127.0.0.1:<port> */
  readonly url: string
  /** Lines that are open. */
  readonly size: number
  /** Cuts every line, without a goodbye. */
  cut(): void
  /** From now on nothing that servers send is read. */
  hold(): void
  /** Reads on. */
  letGo(): void
  stop(): Promise<void>
}

export async function startRelay(targetUrl: string): Promise<Relay> {
  const { port } = new URL(targetUrl)
  const lines = new Set<{ near: Socket; far: Socket }>()
  let isHeld = false
  const server = createServer((near) => {
    const far = connect(Number(port), '127.0.0.1')
    const line = { near, far }
    lines.add(line)
    near.pipe(far)
    if (!isHeld) far.pipe(near)
    const end = () => {
      lines.delete(line)
      near.destroy()
      far.destroy()
    }
    for (const side of [near, far]) side.on('error', end).on('close', end)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const { near, far } of lines) {
      near.destroy()
      far.destroy()
    }
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get size() {
      return lines.size
    },
    cut,
    hold() {
      isHeld = true
      for (const { near, far } of lines) far.unpipe(near).pause()
    },
    letGo() {
      isHeld = false
      for (const { near, far } of lines) far.pipe(near)
    },
    async stop() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
