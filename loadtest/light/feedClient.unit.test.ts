import { describe, expect, it } from 'vitest'
import { frameAt } from './feedClient.ts'

/** An unmasked text frame as servers send it. */
function frame(length: number): Buffer {
  const payload = Buffer.alloc(length, 'x')
  if (length < 126) return Buffer.concat([Buffer.from([0x81, length]), payload])
  if (length < 65_536) {
    const head = Buffer.from([0x81, 126, 0, 0])
    head.writeUInt16BE(length, 2)
    return Buffer.concat([head, payload])
  }
  const head = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0])
  head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

describe('frameAt', () => {
  it.each([0, 125, 126, 65_535, 65_536])('reads a frame of %i bytes and no further', (length) => {
    const bytes = Buffer.concat([frame(3), frame(length), frame(5)])
    const first = frameAt(bytes, 0)
    const second = frameAt(bytes, first?.end ?? 0)
    expect(second?.payload.length).toBe(length)
    expect(frameAt(bytes, second?.end ?? 0)?.payload.length).toBe(5)
  })

  it('waits for the rest of a frame, wherever it was cut', () => {
    const whole = frame(300)
    for (let length = 0; length < whole.length; length += 1) {
      expect(frameAt(whole.subarray(0, length), 0)).toBeNull()
    }
    expect(frameAt(whole, 0)?.opcode).toBe(1)
  })
})
