/** Puts a sandbox provider together. */
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import { SandboxProvider } from './provider.ts'
import { Records } from './records.ts'
import { SandboxServer } from './server.ts'
import { WebhookSender } from './webhooks.ts'

export interface SandboxOptions {
  /** 0 = any free port. */
  port: number
  latencyMs: number
  recordsMax: number
  dataDir: string | null
  /** null: no webhooks. */
  webhook: { url: string; secret: string } | null
  log: Log
}

export interface Sandbox {
  /** To be started in this order and stopped in reverse. */
  components: Component[]
  server: SandboxServer
}

export function buildSandbox(options: SandboxOptions): Sandbox {
  const { log } = options
  const records = new Records(options)
  const webhooks = options.webhook ? new WebhookSender({ ...options.webhook, log }) : null
  const provider = new SandboxProvider({
    records,
    latencyMs: options.latencyMs,
    onOutcome: (outcome) => webhooks?.add(outcome),
  })
  const server = new SandboxServer({ provider, records, port: options.port, log })
  const file: Component = {
    name: 'sandbox records',
    async start() {},
    async stop() {
      records.close()
    },
  }
  return { components: [file, ...(webhooks ? [webhooks] : []), server], server }
}
