import { Agent, request } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Edge, startEdge } from '../testing/edge.ts'

let edge: Edge

beforeAll(async () => {
  edge = await startEdge()
})
afterAll(() => edge.stop())

it('a connection is good for the next request, whatever the method of the last', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const statusOf = (method: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = request(`${edge.url}/livez`, { method, agent }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode))
      })
      asked.once('error', reject).end()
    })
  const statuses: (number | undefined)[] = []
  for (const method of ['HEAD', 'GET', 'OPTIONS', 'HEAD', 'GET']) {
    statuses.push(await statusOf(method))
  }
  expect(statuses).toEqual([200, 200, 204, 200, 200])
  agent.destroy()
})
