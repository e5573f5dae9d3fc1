import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import type { Snapshot } from '../../contracts/payloads.ts'
import { type Child, startChild } from '../../platform/infra/child.ts'
import { freePort } from '../../platform/infra/ports.ts'
import { startRedis } from '../../platform/infra/redis.ts'
import { waitFor } from '../../platform/testing/infra.ts'
import { ATTEMPTS_MAX } from '../domain/retries.ts'
import { type Answer, type MailServer, startMailServer } from '../testing/mailServer.ts'
import {
  expired,
  lost,
  type NotificationRoom,
  openNotificationRoom,
  refunded,
  reserve,
  sold,
} from '../testing/room.ts'

/** What the tests opened, closed after each in reverse. */
const opened: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function openRoom(settings: Record<string, string> = {}): Promise<NotificationRoom> {
  const room = await openNotificationRoom(settings)
  opened.push(room.close)
  return room
}

async function openMailServer(): Promise<MailServer> {
  const server = await startMailServer()
  opened.push(server.close)
  return server
}

const keyOf = (of: Snapshot, kind = 'confirmed'): string => `${of.reservationId}.${kind}`
const messageIdOf = (of: Snapshot): string => `<${keyOf(of)}@holdfast>`

const untilState = (room: NotificationRoom, of: Snapshot, state: string) =>
  waitFor(`${of.reservationId} to be ${state}`, async () => {
    const rows = await room.rowsOf(of)
    return rows.length > 0 && rows.every((row) => row.state === state) ? rows : null
  })

const untilAllSent = (room: NotificationRoom, count: number, timeoutMs = 20_000) =>
  waitFor(
    `${count} notifications to be sent`,
    async () => {
      const [row] = await room.db.query<{ sent: number }>(
        "SELECT COUNT(*) AS sent FROM notifications WHERE state = 'sent'",
      )
      return row?.sent === count
    },
    { timeoutMs, everyMs: 50 },
  )

describe('mail to files', () => {
  it('is one .eml per notification, named by its key, in the language of the contact', async () => {
    const room = await openRoom()
    await room.deliver()
    const english = reserve()
    const korean = reserve({ contact: { email: 'k@example.com', locale: 'ko-KR' } })
    const { contact: _none, ...guest } = reserve({ customerId: 'c_guest' })
    await room.apply([sold(english), sold(korean), sold(guest)])
    await room.apply([expired(guest, 'held')])
    await room.apply([refunded(korean)])
    await untilAllSent(room, 5)
    const mails = await room.mails()
    expect(Object.keys(mails).sort()).toEqual(
      [
        `${keyOf(english)}.eml`,
        `${keyOf(korean)}.eml`,
        `${keyOf(korean, 'refunded')}.eml`,
        `${keyOf(guest)}.eml`,
        `${keyOf(guest, 'expired')}.eml`,
      ].sort(),
    )
    expect(mails[`${keyOf(english)}.eml`]?.headers).toMatchObject({
      'message-id': messageIdOf(english),
      to: 'buyer@example.com',
      subject: 'Your tickets for Winter Lights',
    })
    expect(mails[`${keyOf(korean)}.eml`]?.headers.subject).toBe('[예매 완료] Winter Lights')
    expect(mails[`${keyOf(korean, 'refunded')}.eml`]?.parts['text/plain']).toContain('₩240,000')
    expect(mails[`${keyOf(guest)}.eml`]?.headers.to).toBe('c_guest@guest.invalid')
  })

  it('leaves no half-written file behind', async () => {
    const room = await openRoom()
    await room.deliver()
    const all = Array.from({ length: 120 }, () => reserve())
    await room.apply(all.map(sold))
    await untilAllSent(room, all.length)
    expect(Object.keys(await room.mails())).toHaveLength(all.length)
    expect((await readdir(room.mailDir)).filter((name) => !name.endsWith('.eml'))).toEqual([])
  })
})

describe('mail to a server', () => {
  it('is tried again with growing waits when the server says later, under one Message-ID', async () => {
    const server = await openMailServer()
    server.answer = (_mail, count) => (count <= 2 ? { code: 451 } : 'accept')
    const room = await openRoom({ SMTP_URL: server.url })
    await room.deliver()
    const of = reserve()
    await room.apply([sold(of)])
    const [row] = await untilState(room, of, 'sent')
    expect(row).toMatchObject({ attempts: 3, due_at: null, last_error: null })
    expect(server.received.map((mail) => mail.messageId)).toEqual(Array(3).fill(messageIdOf(of)))
    expect(server.accepted).toMatchObject([{ to: ['buyer@example.com'] }])
    const [first = 0, second = 0, third = 0] = server.received.map((mail) => mail.atMs)
    expect(second - first).toBeGreaterThanOrEqual(45)
    expect(third - second).toBeGreaterThanOrEqual(195)
  })

  it('is tried again when nobody answers at all', async () => {
    const server = await openMailServer()
    const room = await openRoom({ SMTP_URL: 'smtp://127.0.0.1:1', MAIL_RETRY_BASE_MS: '60000' })
    await room.deliver()
    const of = reserve()
    await room.apply([sold(of)])
    const row = await waitFor('the first attempt to fail', async () =>
      (await room.rowsOf(of)).find((one) => one.last_error !== null && one.state === 'queued'),
    )
    expect(row).toMatchObject({
      attempts: 1,
      last_error: expect.stringContaining('ECONNREFUSED'),
    })
    expect(server.received).toEqual([])
  })

  it('is given up when the recipient is refused for good, and others are not held up', async () => {
    const server = await openMailServer()
    server.refusedRecipients.add('gone@example.com')
    const room = await openRoom({ SMTP_URL: server.url })
    await room.deliver()
    const gone = reserve({ contact: { email: 'gone@example.com' } })
    const bad = reserve({ contact: { email: 'a@b,c@d.example' } })
    const good = reserve()
    await room.apply([sold(gone), sold(bad), sold(good)])
    expect(await untilState(room, gone, 'failed')).toMatchObject([{ attempts: 1, due_at: null }])
    expect(await untilState(room, bad, 'failed')).toMatchObject([{ attempts: 1 }])
    await untilState(room, good, 'sent')
    expect(server.received.map((mail) => mail.messageId)).toEqual([messageIdOf(good)])
  })

  it('is given up after the last attempt', async () => {
    const server = await openMailServer()
    server.answer = () => ({ code: 451 })
    const room = await openRoom({ SMTP_URL: server.url })
    const of = reserve()
    await room.apply([sold(of)])
    await room.db.execute('UPDATE notifications SET attempts = ?', [ATTEMPTS_MAX - 1])
    await room.deliver()
    const [row] = await untilState(room, of, 'failed')
    expect(row).toMatchObject({ attempts: ATTEMPTS_MAX, due_at: null })
    expect(row?.last_error).toContain('451')
  })

  it('is sent once though two couriers are told of it at the same time', async () => {
    const server = await openMailServer()
    const room = await openRoom({ SMTP_URL: server.url })
    const all = Array.from({ length: 10 }, () => reserve())
    await room.apply(all.map(sold))
    const keys = all.map((of) => keyOf(of))
    await Promise.all([room.courier.deliver(keys), room.courier.deliver(keys)])
    await untilAllSent(room, 10)
    expect(server.received.map((mail) => mail.messageId).sort()).toEqual(
      all.map(messageIdOf).sort(),
    )
  })

  it('is not taken over from a courier that is slow but alive', async () => {
    const server = await openMailServer()
    const slowness: { until: Promise<unknown> } = { until: Promise.resolve() }
    server.answer = async (): Promise<Answer> => {
      await slowness.until
      return 'accept'
    }
    const room = await openRoom({
      SMTP_URL: server.url,
      MAIL_LEASE_MS: '200',
      MAIL_OVERDUE_MS: '0',
      MAIL_SWEEP_MS: '20',
    })
    // Several leases long, in which the sweep looks many times.
    slowness.until = new Promise((resolve) => setTimeout(resolve, 1_000))
    const of = reserve()
    await room.apply([sold(of)])
    await room.deliver()
    await untilState(room, of, 'sent')
    expect(server.received).toHaveLength(1)
  })

  it('keeps to the limit of mails per second', async () => {
    const server = await openMailServer()
    const room = await openRoom({ SMTP_URL: server.url, MAILS_PER_SECOND_MAX: '50' })
    const all = Array.from({ length: 30 }, () => reserve())
    await room.apply(all.map(sold))
    const keys = all.map((of) => keyOf(of))
    const begin = performance.now()
    for (let from = 0; from < 30; from += 10)
      await room.courier.deliver(keys.slice(from, from + 10))
    expect(performance.now() - begin).toBeGreaterThanOrEqual(395)
    expect(server.accepted).toHaveLength(30)
  })
})

describe('when Redis forgets', () => {
  it('FLUSHALL loses no delivery, neither one that waits its turn nor one to be tried again', async () => {
    const server = await openMailServer()
    let isClosed = true
    server.answer = () => (isClosed ? { code: 451 } : 'accept')
    const room = await openRoom({ SMTP_URL: server.url, MAIL_RETRY_BASE_MS: '200' })
    const redis = new Redis(room.env.REDIS_URL as string)
    opened.push(async () => redis.disconnect())
    const [early, late] = [reserve(), reserve()]
    await room.deliver()
    await room.apply([sold(early)])
    await waitFor('an attempt that failed', async () => {
      const [row] = await room.rowsOf(early)
      return row?.state === 'queued' && row.attempts === 1
    })
    await waitFor('the next attempt to be scheduled', () =>
      redis.zcard('{notification}:deliveries:delayed'),
    )
    await room.apply([sold(late)])
    await redis.flushdb()
    isClosed = false
    await untilAllSent(room, 2)
    expect(new Set(server.accepted.map((mail) => mail.messageId)).size).toBe(2)
  })

  it('messages are handled while Redis is away, and their mail goes out when it is back', async () => {
    const redis = await startRedis({ dataDir: join(await temporaryFolder(), 'redis') })
    opened.push(() => redis.stop())
    const room = await openRoom({ REDIS_URL: redis.url })
    await room.deliver()
    const [before, during] = [reserve(), reserve()]
    await room.apply([sold(before)])
    await untilState(room, before, 'sent')
    await redis.kill('SIGKILL')
    await room.apply([sold(during), lost(before)])
    expect(await room.rowsOf(during)).toMatchObject([{ state: 'queued' }])
    await redis.restart()
    await untilAllSent(room, 3)
  })

  it('mail goes out through a Redis Cluster too, again when it fails at first', async () => {
    const port = String(await freePort())
    const args = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']
    const dataDir = join(await temporaryFolder(), 'cluster')
    const redis = await startRedis({ dataDir, args: [...args, '--cluster-port', port] })
    opened.push(() => redis.stop())
    const client = new Redis(redis.url)
    opened.push(async () => client.disconnect())
    await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    await waitFor('the slots to be served', async () =>
      String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
    )
    const server = await openMailServer()
    server.answer = (_mail, count) => (count === 1 ? { code: 451 } : 'accept')
    const room = await openRoom({
      REDIS_URL: redis.url.replace('redis:', 'redis-cluster:'),
      SMTP_URL: server.url,
      // Too long for the sweep to be what brings the mail out.
      MAIL_OVERDUE_MS: '60000',
    })
    await room.deliver()
    const of = reserve()
    await room.apply([sold(of)])
    await untilState(room, of, 'sent')
    expect(await room.rowsOf(of)).toMatchObject([{ attempts: 2 }])
  })
})

describe('a stop', () => {
  it('does not hang while Redis is away', async () => {
    const redis = await startRedis({ dataDir: join(await temporaryFolder(), 'redis') })
    opened.push(() => redis.stop())
    const room = await openNotificationRoom({ REDIS_URL: redis.url })
    await room.deliver()
    const of = reserve()
    await room.apply([sold(of)])
    await untilState(room, of, 'sent')
    await redis.kill('SIGKILL')
    const begin = performance.now()
    await room.close()
    expect(performance.now() - begin).toBeLessThan(8_000)
  })

  it('lets a message that is being sent come to its end', async () => {
    const server = await openMailServer()
    let letGo: (answer: Answer) => void = () => undefined
    server.answer = () =>
      new Promise((resolve) => {
        letGo = resolve
      })
    const room = await openRoom({ SMTP_URL: server.url })
    await room.deliver()
    const of = reserve()
    await room.apply([sold(of)])
    await waitFor('a message in mid-send', () => server.received.length === 1)
    const stopped = room.stopDelivery()
    letGo('accept')
    await stopped
    expect(await room.rowsOf(of)).toMatchObject([{ state: 'sent', attempts: 1 }])
  })
})

describe('a process that is killed in mid-send, three times', () => {
  const startDeliverer = (room: NotificationRoom): Promise<Child> =>
    startChild({
      name: 'deliverer',
      command: process.execPath,
      args: [
        '--import',
        'tsx',
        fileURLToPath(new URL('../testing/deliverer/main.ts', import.meta.url)),
      ],
      env: { ...process.env, ...room.env, LOG_LEVEL: 'silent' },
    })

  it('leaves nothing undelivered, and no second Message-ID', async () => {
    const server = await openMailServer()
    let isSilent = true
    // The first of each life is taken and never answered: the process dies not knowing.
    server.answer = () => (isSilent ? 'silence' : 'accept')
    const room = await openRoom({ SMTP_URL: server.url })
    const all = Array.from({ length: 5 }, () => reserve())
    await room.apply(all.map(sold))
    for (let life = 1; life <= 3; life += 1) {
      const seen = server.received.length
      const child = await startDeliverer(room)
      opened.push(() => child.end())
      await waitFor('a message in mid-send', () => server.received.length > seen, {
        timeoutMs: 40_000,
      })
      child.signal('SIGKILL')
      await child.exited
    }
    isSilent = false
    const last = await startDeliverer(room)
    opened.push(() => last.end())
    await untilAllSent(room, all.length, 40_000)
    expect(new Set(server.received.map((mail) => mail.messageId))).toEqual(
      new Set(all.map(messageIdOf)),
    )
    expect(new Set(server.accepted.map((mail) => mail.messageId)).size).toBe(all.length)
    expect(server.received.length).toBeGreaterThan(all.length)
  }, 180_000)
})

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  opened.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}
