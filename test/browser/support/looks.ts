/** Looks at a page as those do who cannot see it well: axe, in light and in dark. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

interface Violation {
  id: string
  help: string
  nodes: { target: unknown[]; failureSummary?: string }[]
}
type PageGlobals = {
  axe?: { run(options: object): Promise<{ violations: Violation[] }> }
}

/** Fails when axe finds anything in what is shown now, in light or in dark. */
export async function expectAccessible(page: Page, state: string): Promise<void> {
  const isDark = await page.evaluate<boolean>("matchMedia('(prefers-color-scheme: dark)').matches")
  await page.emulateMedia({ colorScheme: 'light' })
  const light = await violationsOf(page, { runOnly: { type: 'tag', values: WCAG } })
  await page.emulateMedia({ colorScheme: 'dark' })
  // In the dark only the colours are others.
  const dark = await violationsOf(page, { runOnly: { type: 'rule', values: ['color-contrast'] } })
  await page.emulateMedia({ colorScheme: isDark ? 'dark' : 'light' })
  expect([...light, ...dark.map((one) => `dark: ${one}`)], `axe on "${state}"`).toEqual([])
}

async function violationsOf(page: Page, options: object): Promise<string[]> {
  const isThere = await page.evaluate(() => (globalThis as PageGlobals).axe !== undefined)
  if (!isThere) await page.evaluate(AXE)
  const violations = await page.evaluate(async (chosen) => {
    const { violations: found } = await (globalThis as PageGlobals).axe!.run(chosen)
    return found
  }, options)
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary}`),
  )
}
