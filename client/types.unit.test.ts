import { Value } from '@sinclair/typebox/value'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { ClientFrameOf, ClientOp, ServerFrame as ContractFrame } from '../contracts/feed.ts'
import { CLIENT_FRAMES } from '../contracts/feed.ts'
import type { Reservation as ContractReservation } from '../contracts/http.ts'
import type { PROBLEMS } from '../contracts/problem.ts'
import type { ClientFrame, ServerFrame } from './frames.ts'
import type { ProblemCode, Reservation } from './types.ts'

/** Codes that only HTTP has: nothing of the feed can be answered with them. */
type HttpAlone = 'method-not-allowed' | 'request-timeout' | 'show-exists' | 'body-too-large'

describe('the SDK’s own types', () => {
  it('are those of the contract', () => {
    expectTypeOf<Reservation>().toEqualTypeOf<ContractReservation>()
    expectTypeOf<Exclude<keyof typeof PROBLEMS, HttpAlone>>().toEqualTypeOf<ProblemCode>()
    expectTypeOf<ClientFrame['op']>().toEqualTypeOf<ClientOp>()
    expectTypeOf<ServerFrame['op']>().toEqualTypeOf<ContractFrame['op']>()
    type Sent<O extends ClientOp> = Extract<ClientFrame, { op: O }>
    expectTypeOf<Sent<'subscribe'>>().toEqualTypeOf<ClientFrameOf<'subscribe'>>()
    expectTypeOf<Sent<'checkout'>>().toEqualTypeOf<ClientFrameOf<'checkout'>>()
    type Delta = Extract<ContractFrame, { op: 'delta' }>
    expectTypeOf<Delta>().toEqualTypeOf<Extract<ServerFrame, { op: 'delta' }>>()
    type Snapshot = Extract<ContractFrame, { op: 'snapshot' }>
    expectTypeOf<Snapshot>().toEqualTypeOf<Extract<ServerFrame, { op: 'snapshot' }>>()
  })

  it('make frames that the server takes', () => {
    const of = { id: 'k', reservationId: 'r' }
    const frames: ClientFrame[] = [
      { op: 'ping' },
      { op: 'subscribe', showId: 's' },
      { op: 'subscribe', showId: 's', since: '1-1' },
      { op: 'unsubscribe', showId: 's' },
      { op: 'hold', id: 'k', showId: 's', seatIds: ['A-1-1'] },
      { op: 'release', ...of },
      { op: 'extend', ...of },
      { op: 'find', ...of },
      { op: 'checkout', ...of, payment: { token: 'tok_ok' } },
      {
        ...{ op: 'checkout', ...of, payment: { token: 'tok_ok' } },
        contact: { email: 'a@b', locale: 'ko' },
      },
    ]
    for (const frame of frames) expect(Value.Check(CLIENT_FRAMES[frame.op], frame)).toBe(true)
    expect(new Set(frames.map(({ op }) => op))).toEqual(new Set(Object.keys(CLIENT_FRAMES)))
  })
})
