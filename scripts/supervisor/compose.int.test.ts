import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { composeInfra } from './compose.ts'
import { openProgress } from './progress.ts'

/** No engine runs where the tests run: in docker's place, a script that writes down its calls. */
const FAKE_DOCKER = `#!/bin/sh
echo "$HOLDFAST_REDIS_PORT|$HOLDFAST_MYSQL_PORT|$HOLDFAST_KAFKA_PORT|$*" >> "$CALLS"
case "$*" in *" up "*) [ -z "$IS_BROKEN" ] || { echo 'no space left' >&2; exit 1; } ;; esac
`

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  writeFileSync(join(folder, 'docker'), FAKE_DOCKER)
  chmodSync(join(folder, 'docker'), 0o755)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const calls = (): string[] => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')

const start = (more: { isCleaning?: boolean; env?: Record<string, string> } = {}) =>
  composeInfra({
    root: '/somewhere',
    names: ['redis', 'kafka'],
    progress: openProgress({ write: () => {} }),
    isCleaning: more.isCleaning ?? false,
    environment: {
      PATH: `${folder}:${process.env.PATH}`,
      CALLS: join(folder, 'calls'),
      ...more.env,
    },
  })

it('starts the servers that are asked for, on the ports that it answers', async () => {
  const { addresses, stop } = await start()
  const [up = ''] = calls()
  const [redisPort, mysqlPort, kafkaPort, command] = up.split('|')
  expect(addresses.redis).toBe(`redis://127.0.0.1:${redisPort}`)
  expect(addresses.kafka).toBe(`127.0.0.1:${kafkaPort}`)
  expect(mysqlPort).toBe('')
  expect(command).toMatch(
    /^compose -p holdfast-[0-9a-f]{8} -f \/somewhere\/docker-compose.yml up --detach --wait redis kafka$/,
  )
  await stop()
  expect(calls().at(-1)).toMatch(/ stop redis kafka$/)
})

it('removes the volumes first when it is to begin from nothing', async () => {
  await start({ isCleaning: true })
  expect(calls()[0]).toMatch(/ --profile infra down --volumes$/)
})

it('hands on what docker says when it fails', async () => {
  await expect(start({ env: { IS_BROKEN: 'yes' } })).rejects.toThrow('no space left')
})
