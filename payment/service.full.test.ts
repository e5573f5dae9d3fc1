import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../platform/testing/infra.ts'
import { cancellationFor, newReservationId, requestFor } from './testkit.ts'
import { openStage, PATIENCE, type Stage } from './testkitProcesses.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
}, 180_000)
afterAll(() => stage?.stop(), 60_000)

describe('two instances of the payment service', () => {
  it('share the work, and the kill of one loses nothing', async () => {
    const [one, two] = [stage.start(), stage.start()]
    await Promise.all([one.url(), two.url()])
    const ids = Array.from({ length: 200 }, newReservationId)
    await stage.produce(ids.slice(0, 100).map((id) => requestFor(id, 'tok_ok')))
    const isHeard = (id: string) => stage.heardAbout(id).length > 0
    await waitFor('the first', () => ids.some(isHeard), PATIENCE)
    two.kill('SIGKILL')
    await stage.produce(ids.slice(100).map((id) => requestFor(id, 'tok_ok')))
    await waitFor('all', () => ids.every(isHeard), PATIENCE)
    for (const id of ids) expect(stage.heardAbout(id)).toEqual(['payment_create'])
    const charged = (await stage.charges()).map((charge) => charge.reservationId)
    expect(charged.sort()).toEqual([...ids].sort())

    const [cancelled = ''] = ids
    await stage.produce([cancellationFor(cancelled, 'show_cancelled')])
    await waitFor('the refund', () => stage.heardAbout(cancelled).length > 1, PATIENCE)
    expect(stage.heardAbout(cancelled)).toEqual(['payment_create', 'payment_refund'])

    const url = await one.url()
    await waitFor(
      'readiness',
      async () => {
        const readiness = await (await fetch(`${url}/readyz`)).json()
        expect(readiness).toEqual({ ready: true, failing: {} })
        return true
      },
      PATIENCE,
    )
    one.kill('SIGTERM')
    expect(await one.exited).toEqual({ code: 0, signal: null })
    await two.exited
  })

  it('show operators every reservation through their view', async () => {
    const rows = await stage.db.query<object>(
      `SELECT service, state, detail, currency, MAX(amount) AS amount, COUNT(*) AS count
         FROM ops_reservation GROUP BY service, state, detail, currency ORDER BY state`,
    )
    const common = { service: 'payment', currency: 'KRW', amount: 120_000 }
    expect(rows).toEqual([
      { ...common, state: 'captured', detail: '', count: 199 },
      { ...common, state: 'refunded', detail: 'show_cancelled', count: 1 },
    ])
  })
})
