/** The seat picker in real browsers. The suites share one system and one Chromium. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { closeStage, openStage, stage } from './support/stage.ts'

import './speed.ts'
import './together.ts'
import './endings.ts'
import './keyboard.ts'
import './states.ts'
import './arrival.ts'
import './outage.ts'

const PAGE = fileURLToPath(new URL('../../web/dist/', import.meta.url))
const PAGE_BYTES_MAX = 90_000

beforeAll(openStage)
afterAll(closeStage)
afterEach(async ({ task }) => {
  const { chromium } = stage()
  if (task.result?.state === 'fail') await chromium.photographAll(task.name)
  await chromium.closePages()
})

it('asks nobody but its own server, and breaks neither its policy nor down', () => {
  expect(stage().chromium.offences).toEqual([])
})

it('is no larger than 90 kB, compressed, all parts together', () => {
  const parts = ['index.html', ...readdirSync(join(PAGE, 'assets')).map((name) => `assets/${name}`)]
  const sizes = parts.map((name) => gzipSync(readFileSync(join(PAGE, name)), { level: 9 }).length)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  console.log(`  the page has ${(total / 1_000).toFixed(1)} kB in ${parts.length} parts, gzipped`)
  expect(total).toBeLessThanOrEqual(PAGE_BYTES_MAX)
})
