import { describe, expect, it } from 'vitest'
import type { Message } from '../../contracts/message.ts'
import { Gate } from '../rebuild/gate.ts'
import { type ApplyOptions, createApply } from './apply.ts'

const RESERVATION = 'r00_00000000000000000000000001'
const BEFORE = '1-0'
const message = { payload: { reservationId: RESERVATION } } as Message

/** An Apply whose handler does `meanwhile` and changes something, and whose projector is quick. */
function applyWhile(meanwhile: (gate: Gate, redis: { epoch: string | null }) => void) {
  const gate = new Gate(1)
  gate.open(0, BEFORE)
  const redis = { epoch: BEFORE as string | null }
  const handle = async () => {
    meanwhile(gate, redis)
    return [{ shard: 0, version: '5-0' }]
  }
  const options = {
    gate,
    handler: { handle },
    scripts: { readTip: async () => '0-0', readEpoch: async () => redis.epoch },
    projector: { passed: async () => undefined },
  }
  return createApply(options as unknown as ApplyOptions)
}

describe('a batch of the saga', () => {
  it('is done when its shard stayed open in one epoch', async () => {
    await expect(applyWhile(() => {})([message])).resolves.toBe(undefined)
  })

  it('is not done when the shard was shut and opened again meanwhile', async () => {
    const apply = applyWhile((gate) => {
      gate.refuse(0, 'no_epoch')
      gate.open(0, '9-0')
    })
    await expect(apply([message])).rejects.toThrow('STATE_UNKNOWN')
  })

  it('is not done when Redis lost its epoch and the gate has not heard of it', async () => {
    const lost = applyWhile((_gate, redis) => {
      redis.epoch = null
    })
    await expect(lost([message])).rejects.toThrow('STATE_UNKNOWN')
    const rebuilt = applyWhile((_gate, redis) => {
      redis.epoch = '9-0'
    })
    await expect(rebuilt([message])).rejects.toThrow('STATE_UNKNOWN')
  })
})
