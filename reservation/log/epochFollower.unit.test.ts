import { describe, expect, it } from 'vitest'
import type { GateListener } from '../rebuild/gate.ts'
import { followEpochs } from './epochFollower.ts'
import type { TailListener } from './tail.ts'

/** A tail that stands somewhere, and a gate that says what the test wants. */
function stage(position: string) {
  const rewinds: string[] = []
  let gateListener: GateListener = {}
  let tailListener: TailListener = () => {}
  followEpochs(
    {
      subscribe: (listener) => {
        gateListener = listener
        return () => {}
      },
    },
    {
      subscribe: (listener) => {
        tailListener = listener
        return () => {}
      },
      positionOf: () => position,
      rewind: (_shard, logId) => rewinds.push(logId),
    },
  )
  return {
    rewinds,
    opens: (epoch: string) => gateListener.opened?.(0, epoch),
    hears: (epoch: string) => tailListener(0, [{ id: epoch, type: 'opened', epoch, atMs: 0 }]),
  }
}

describe('following epochs', () => {
  it('rewinds the tail to an epoch that begins before where it stands', () => {
    const { opens, rewinds } = stage('900-0')
    opens('100-0')
    opens('500-3')
    opens('400-0')
    expect(rewinds).toEqual(['500-2', `399-${Number.MAX_SAFE_INTEGER}`])
  })

  it('leaves the tail alone at first, after a mere reconnect, and when it heard of the epoch', () => {
    const { opens, hears, rewinds } = stage('900-0')
    opens('100-0')
    opens('100-0')
    hears('800-0')
    opens('800-0')
    expect(rewinds).toEqual([])
  })

  it('leaves a tail alone that has yet to come to the epoch', () => {
    const { opens, rewinds } = stage('50-0')
    opens('10-0')
    opens('100-0')
    expect(rewinds).toEqual([])
  })
})
