import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { healthySystem } from '../support/healthy.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Plays the demo on the system of these tests; answers its exit status and what it printed. */
async function playDemo(changes: { sandboxUrl?: string } = {}) {
  const { http, sandboxUrl, adminToken, infra } = healthySystem()
  const { kafkaBrokers } = infra
  const place = mkdtempSync(join(folder, 'run-'))
  const record = { http, sandboxUrl, adminToken, kafkaBrokers, ...changes }
  writeFileSync(join(place, 'run.json'), JSON.stringify(record))
  const child = spawn(process.execPath, ['scripts/run.mjs', 'scripts/demo/fakes/main.ts'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, FAKE_FOLDER: place },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += data))
  const status = await new Promise((resolve) => child.once('close', resolve))
  return { status, text }
}

/** A provider that tells of every charge and has never returned any money. */
async function forgetfulProvider() {
  const { sandboxUrl } = healthySystem()
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/v1/refunds')) {
      response.end('{"refunds":[]}')
      return
    }
    fetch(`${sandboxUrl}${request.url}`)
      .then((answer) => answer.text())
      .then((body) => response.end(body))
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() }
}

describe('the demo', () => {
  it('plays five purchases that add up, and fails when the ledger does not', async () => {
    const provider = await forgetfulProvider()
    const [good, bad] = await Promise.all([playDemo(), playDemo({ sandboxUrl: provider.url })])
    provider.close()
    expect(good.text).toMatch(/All is well\.\n$/)
    expect(good.status).toBe(0)
    expect(good.text.match(/^\d\. .+$/gm)).toHaveLength(5)
    expect(good.text).toMatch(/^ +\+\d+ ms {2}\/payment +payment_refund {2}\(seat_conflict\)$/m)
    expect(good.text).toContain('total 20, free 15, held 0, sold 5, blocked 0')
    expect(bad.text).toContain('NOT AS IT SHOULD BE: the money kept is not the price')
    expect(bad.text).toMatch(/Not everything is right\.\n$/)
    expect(bad.status).toBe(1)
  })
})
