import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  base32Of,
  compareLogIds,
  isReservationId,
  logEventIdOf,
  logIdOfEvent,
  parseTicketId,
  reservationIdOf,
  shardOfReservation,
  ticketIdOf,
} from './ids.ts'

const digests = fc.uint8Array({ minLength: 16, maxLength: 32 })
const shards = fc.integer({ min: 0, max: 99 })

describe('reservation ids', () => {
  it('carry their shard and 128 bits of the digest', () => {
    fc.assert(
      fc.property(shards, digests, (shard, digest) => {
        const id = reservationIdOf(shard, digest)
        expect(isReservationId(id)).toBe(true)
        expect(shardOfReservation(id)).toBe(shard)
      }),
    )
  })

  it('differ when any of the first 16 bytes differs', () => {
    fc.assert(
      fc.property(digests, fc.nat(15), fc.integer({ min: 1, max: 255 }), (digest, at, flip) => {
        const other = digest.slice()
        other[at] = other[at]! ^ flip
        expect(reservationIdOf(3, other)).not.toBe(reservationIdOf(3, digest))
      }),
    )
  })

  it('are not made of letters that are easily mistaken', () => {
    expect(base32Of(new Uint8Array(16).fill(255))).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/)
    expect(isReservationId('r07_0123456789abcdefghijklmnop')).toBe(false)
    expect(isReservationId('r7_0123456789abcdefghjkmnpqrs')).toBe(false)
  })
})

describe('ticket ids', () => {
  it('tell the reservation and the ordinal they were made of', () => {
    fc.assert(
      fc.property(shards, digests, fc.integer({ min: 1, max: 1000 }), (shard, digest, ordinal) => {
        const reservationId = reservationIdOf(shard, digest)
        expect(parseTicketId(ticketIdOf(reservationId, ordinal))).toEqual({
          reservationId,
          ordinal,
        })
      }),
    )
  })

  it('are not read from anything else', () => {
    for (const text of ['', 't07_x_1', 't07_0123456789abcdefghjkmnpqrs', 'x'.repeat(5000)]) {
      expect(parseTicketId(text)).toBe(null)
    }
  })
})

describe('log ids', () => {
  it('travel inside message ids', () => {
    expect(logIdOfEvent(logEventIdOf(7, '1763719200250-3'))).toBe('1763719200250-3')
    expect(logIdOfEvent('0196f0a2-5c1e-7a30-8b1f-2f6f0a6b9d11')).toBe(null)
  })

  it('are ordered by time and then by sequence', () => {
    const sorted = ['999-5', '1000-0', '1000-9', '1000-10'].toSorted(compareLogIds)
    expect(sorted).toEqual(['999-5', '1000-0', '1000-9', '1000-10'])
    expect(compareLogIds('1000-1', '1000-1')).toBe(0)
  })
})
