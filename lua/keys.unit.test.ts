import { describe, expect, it } from 'vitest'
import { faultOf, RedisUnavailable } from './errors.ts'
import { KEY_KINDS, type KeyName, keyOf, keysOf } from './keys.ts'

describe('keysOf', () => {
  it('names the keys of a shard by their patterns, all under one hash tag', () => {
    const place = { shard: 7, showId: 'a-show', reservationId: 'r07_x', key: '{s07}:any' }
    const names = (Object.keys(KEY_KINDS) as KeyName[]).map((name) => [name, keyOf(name, place)])
    expect(Object.fromEntries(names)).toEqual({
      epoch: '{s07}:epoch',
      log: '{s07}:log',
      position: '{s07}:pos',
      lease: '{s07}:lease',
      deadlines: '{s07}:deadlines',
      seats: '{s07}:seats:a-show',
      version: '{s07}:ver:a-show',
      buyers: '{s07}:buyers:a-show',
      reservation: '{s07}:r:r07_x',
      key: '{s07}:any',
    })
    expect(keysOf(7).all).toBe('{s07}:*')
    expect(keysOf(7)).toBe(keysOf(7))
  })

  it('refuses to name a key of nothing', () => {
    expect(() => keyOf('seats', { shard: 7 })).toThrow('without showId')
    expect(() => keyOf('reservation', { shard: 7, showId: 'a' })).toThrow('without reservationId')
  })
})

describe('faultOf', () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' })

  it('tells a refusal by Redis from an unknown outcome', () => {
    const codeOf = (error: Error) => (faultOf(error) as RedisUnavailable).code
    expect(codeOf(reply('OOM command not allowed'))).toBe('REDIS_UNAVAILABLE')
    expect(codeOf(reply('LOADING Redis is loading'))).toBe('REDIS_UNAVAILABLE')
    expect(codeOf(new Error('Command timed out'))).toBe('STATE_UNKNOWN')
    expect(codeOf(new Error('Connection is closed.'))).toBe('STATE_UNKNOWN')
    const neverSent = "Stream isn't writeable and enableOfflineQueue options is false"
    expect(codeOf(new Error(neverSent))).toBe('REDIS_UNAVAILABLE')
  })

  it('leaves bugs, and what is a fault already, as they are', () => {
    const known = new RedisUnavailable('STATE_UNKNOWN', { cause: new Error('it') })
    for (const error of [
      reply('ERR wrong number'),
      reply('WRONGTYPE it'),
      new TypeError(),
      known,
    ]) {
      expect(faultOf(error)).toBe(error)
    }
  })
})
