import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { contrast, mix, readableOn, ZONE_COLOURS, zoneColour } from './colours.ts'

const TOKENS = readFileSync(new URL('../styles/tokens.css', import.meta.url), 'utf8')
const [light = '', dark = ''] = TOKENS.split('@media (prefers-color-scheme: dark)')
const tokensOf = (css: string) =>
  Object.fromEntries(
    [...css.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match) => match.slice(1, 3)),
  )

/** WCAG 2.2, 1.4.11: what has to be seen stands out from what it is on. */
const SHAPES_MIN = 3
const TEXT_MIN = 4.5

describe.each([
  ['light', tokensOf(light)],
  ['dark', { ...tokensOf(light), ...tokensOf(dark) }],
])('the colours of the map, %s', (_, colours: Record<string, string>) => {
  const zones = Array.from({ length: ZONE_COLOURS }, (_, at) => colours[`zone-${at + 1}`]!)

  test('let a free, held and own seat stand out from its section', () => {
    for (const colour of [...zones, colours['map-held']!, colours.own!]) {
      expect(contrast(colour, colours['map-section']!), colour).toBeGreaterThanOrEqual(SHAPES_MIN)
    }
    expect(contrast(colours['on-own']!, colours.own!)).toBeGreaterThanOrEqual(TEXT_MIN)
  })

  test('let a section be read, however full it is', () => {
    for (const zone of zones) {
      for (const share of [0.3, 0.45, 0.6, 0.75, 0.9, 1]) {
        const fill = mix(zone, colours['map-section']!, share)
        const text = readableOn(fill, [colours.paper!, colours.ink!])
        expect(contrast(text, fill), `${zone} ${share}`).toBeGreaterThanOrEqual(TEXT_MIN)
      }
    }
  })

  test('tell prices apart', () => {
    expect(new Set(zones).size).toBe(ZONE_COLOURS)
  })
})

test('few prices are spread over all colours, many share them in order', () => {
  const ranks = (zones: number) => Array.from({ length: zones }, (_, at) => zoneColour(at, zones))
  expect(ranks(2)).toEqual([0, 7])
  expect(ranks(8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  const many = ranks(40)
  expect(many).toEqual([...many].sort((a, b) => a - b))
  expect(Math.max(...many)).toBe(7)
})
