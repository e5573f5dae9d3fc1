import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../platform/testing/infra.ts'
import { newReservationId, requestFor } from './testkit.ts'
import { openStage, PATIENCE, type Stage } from './testkitProcesses.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
}, 180_000)
afterAll(() => stage?.stop(), 60_000)

describe('the payment service', () => {
  it('loses nothing and charges once when it is killed before and after the call', async () => {
    const reservationId = newReservationId()
    const killed = stage.start({ FAILPOINTS: 'payment.after-claim=kill@1' })
    await killed.url()
    await stage.produce([requestFor(reservationId, 'tok_ok')])
    expect((await killed.exited).signal).toBe('SIGKILL')
    expect(await stage.charges()).toEqual([])
    const payments = () => stage.db.query('SELECT state, unanswered FROM payments')
    expect(await payments()).toEqual([{ state: 'charging', unanswered: 0 }])

    await stage.endLeases()
    const killedAgain = stage.start({ FAILPOINTS: 'payment.before-outcome=kill@1' })
    expect((await killedAgain.exited).signal).toBe('SIGKILL')
    expect(await stage.charges()).toHaveLength(1)
    expect(await payments()).toEqual([{ state: 'charging', unanswered: 1 }])

    await stage.endLeases()
    const payment = stage.start()
    const heard = () => stage.heardAbout(reservationId)
    await waitFor('the capture', () => heard().length > 0, PATIENCE)
    expect(heard()).toEqual(['payment_create'])
    expect(await stage.charges()).toMatchObject([{ status: 'captured', reservationId }])

    const metrics = await (await fetch(`${await payment.url()}/metrics`)).text()
    for (const pattern of [
      /^holdfast_payments_waiting 0$/m,
      /^holdfast_payments_waiting_max 10000$/m,
      /^holdfast_payment_transitions_total\{from="charging",to="captured"\} 1$/m,
      /^holdfast_payment_provider_call_seconds_count\{.*answer="captured".*\} 1$/m,
      /^holdfast_payment_calls_in_flight\{lane="swept"\} 0$/m,
      /^holdfast_payment_oldest_due_seconds\{state="charging"\} 0$/m,
    ]) {
      expect(metrics).toMatch(pattern)
    }
    payment.kill('SIGTERM')
    expect(await payment.exited).toEqual({ code: 0, signal: null })
  }, 180_000)

  it('does not start with a wrong configuration and names every problem', async () => {
    const payment = stage.start({
      PAYMENT_PROVIDER_URL: 'sandbox',
      PAYMENT_WEBHOOK_SECRET: 'short',
      PAYMENT_CONCURRENCY: 'many',
    })
    expect((await payment.exited).code).toBe(1)
    for (const name of ['PROVIDER_URL', 'WEBHOOK_SECRET', 'CONCURRENCY']) {
      expect(payment.output()).toContain(`PAYMENT_${name}`)
    }
  })
})
