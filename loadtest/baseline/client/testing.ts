/** Real instances for the client's tests: they listen, count, and answer as they are told. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import pino from 'pino'
import type { Log } from '../../../platform/log.ts'

export interface Answer {
  status?: number
  body?: unknown
  headers?: Record<string, string>
  /** Never answered. */
  isSilent?: boolean
}

export interface Instance {
  readonly url: string
  /** Bodies of the requests that arrived, in order. */
  readonly received: unknown[]
  /** What it answers from now on. */
  answer: (path: string, body: unknown) => Answer
  stop(): Promise<void>
}

/** An instance that listens on 127.0.0.1; `port` brings one back that was stopped. */
export async function startInstance(answer: Instance['answer'], port = 0): Promise<Instance> {
  const received: unknown[] = []
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    received.push(body)
    const {
      status = 200,
      body: answered,
      headers,
      isSilent,
    } = instance.answer(request.url ?? '', body)
    if (isSilent) return
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof answered === 'string' ? answered : JSON.stringify(answered ?? {}))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  const instance: Instance = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ received, answer, stop },
  }
  return instance
}

/** A place that takes no connection any more: frozen, and its short queue of connections full. */
export async function startFrozen(): Promise<{ url: string; stop(): Promise<void> }> {
  const script = `const s = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1',
    backlog: 1 }, () => process.stdout.write(String(s.address().port)))`
  const child: ChildProcess = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [data] = (await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [
    Buffer,
  ]
  child.kill('SIGSTOP')
  const port = Number(data.toString())
  const fillers: Socket[] = []
  // The queue is full once a connection is not made at once; the loopback needs no time for it.
  for (let isMade = true; isMade; ) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {
      // It is cut when the process is killed.
    })
    fillers.push(socket)
    isMade = await Promise.race([once(socket, 'connect').then(() => true), pause(200, false)])
  }
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      for (const socket of fillers) socket.destroy()
    },
  }
}

/** A log that keeps its lines. */
export function memoryLog(): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const write = (line: string): void => {
    lines.push(JSON.parse(line) as Record<string, unknown>)
  }
  return { log: pino({ base: null, timestamp: false }, { write }), lines }
}
