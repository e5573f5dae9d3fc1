import { expect, it } from 'vitest'
import { hostAndPort } from './infrastructure.ts'

it.each([
  ['redis://127.0.0.1:6380', '127.0.0.1', 6380],
  ['rediss://user:p%40ss@cache.example', 'cache.example', 6379],
  ['redis://[::1]:6380', '::1', 6380],
  ['redis-cluster://a:7001,b:7002', 'a', 7001],
  ['mysql://root:pw@db', 'db', 3306],
  ['mysql://root@127.0.0.1:3307', '127.0.0.1', 3307],
  ['k1:9092,k2:9092', 'k1', 9092],
])('%s listens on %s port %i', (address, host, port) => {
  expect(hostAndPort(address)).toEqual({ host, port })
})
