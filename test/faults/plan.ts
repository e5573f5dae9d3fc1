/** Faults that a test may inject while buyers buy, by name. */
import { Redis } from 'ioredis'
import { waitFor } from '../../platform/testing/infra.ts'
import type { ServiceName, System } from '../support/system.ts'

export interface Fault {
  name: string
  inject(system: System): Promise<void>
}

const DOWN_MS = 1_500

/** How long the fault lasts: part of it, not a wait for something else. */
const last = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const killService = (service: ServiceName): Fault => ({
  name: `kill -9 of ${service}`,
  async inject({ services }) {
    await services[service].kill()
    await services[service].restart()
  },
})

const killServer = (server: 'redis' | 'mariadb' | 'kafka'): Fault => ({
  name: `kill -9 of ${server}`,
  async inject({ infra }) {
    await infra[server].kill()
    await last(DOWN_MS)
    await infra[server].restart()
  },
})

export const KILLS = {
  reservation: killService('reservation'),
  payment: killService('payment'),
  ticket: killService('ticket'),
  notification: killService('notification'),
  sandbox: killService('sandbox'),
} as const

export const SERVER_KILLS = (['redis', 'mariadb', 'kafka'] as const).map(killServer)

/** Several faults at the same moment. */
export const together = (...faults: readonly Fault[]): Fault => ({
  name: faults.map(({ name }) => name).join(', '),
  async inject(system) {
    await Promise.all(faults.map((fault) => fault.inject(system)))
  },
})

/** Seconds of shared work before the second processes are killed. */
const SHARED_WORK_MS = 2_000

/** Every worker gets a second process, which shares the partitions and is then killed. */
export const KILLED_TWINS: Fault = {
  name: 'kill -9 of a second process of every service',
  async inject(system) {
    const twins = await Promise.all(
      (['reservation', 'payment', 'ticket', 'notification'] as const).map((service) =>
        system.startAnother(service),
      ),
    )
    await last(SHARED_WORK_MS)
    await Promise.all(twins.map((twin) => twin.kill()))
  },
}

export const EMPTIED_REDIS: Fault = {
  name: 'FLUSHALL',
  async inject({ infra }) {
    const redis = new Redis(infra.redisUrl)
    try {
      await redis.flushall()
    } finally {
      redis.disconnect()
    }
  },
}

export const STOPPED_REDIS: Fault = {
  name: 'SIGSTOP of redis for ten seconds',
  async inject({ infra }) {
    await infra.redis.kill('SIGSTOP')
    await last(10_000)
    await infra.redis.kill('SIGCONT')
  },
}

/** Waits until the system takes holds again. */
export async function untilReady(system: System): Promise<void> {
  await waitFor('the system to be ready', async () => (await fetch(`${system.http}/readyz`)).ok, {
    timeoutMs: 60_000,
  })
}
