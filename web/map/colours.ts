/** Colours of the map. The style sheet names them, so dark mode is its business alone. */

export interface Palette {
  paper: string
  section: string
  line: string
  ink: string
  soft: string
  /** Of seats that are not to be had. */
  taken: string
  held: string
  own: string
  onOwn: string
  stage: string
  onStage: string
  /** From the dearest to the cheapest. */
  zones: readonly string[]
}

export const ZONE_COLOURS = 8

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element)
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  return {
    paper: read('map-paper'),
    section: read('map-section'),
    line: read('map-line'),
    ink: read('ink'),
    soft: read('ink-soft'),
    taken: read('map-taken'),
    held: read('map-held'),
    own: read('own'),
    onOwn: read('on-own'),
    stage: read('map-stage'),
    onStage: read('map-on-stage'),
    zones: Array.from({ length: ZONE_COLOURS }, (_, at) => read(`zone-${at + 1}`)),
  }
}

/** Which of the zone colours the zone at `rank` gets: few zones are spread over all of them. */
export function zoneColour(rank: number, zones: number): number {
  if (zones <= 1) return 2
  const last = ZONE_COLOURS - 1
  return Math.min(last, Math.round((rank * last) / (zones - 1)))
}

type Rgb = readonly [number, number, number]

const rgbOf = (hex: string): Rgb => {
  const value = Number.parseInt(hex.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

const mixed = new Map<string, string>()

/** `share` of the first colour in the second; both `#rrggbb`. */
export function mix(first: string, second: string, share: number): string {
  const step = Math.round(Math.max(0, Math.min(1, share)) * 32)
  const key = `${first}${second}${step}`
  let colour = mixed.get(key)
  if (!colour) {
    const [a, b] = [rgbOf(first), rgbOf(second)]
    const parts = a.map((part, at) =>
      Math.round((part * step + (b[at] as number) * (32 - step)) / 32),
    )
    colour = `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
    mixed.set(key, colour)
  }
  return colour
}

/** Relative luminance (WCAG 2.2). */
function luminance(hex: string): number {
  const [r, g, b] = rgbOf(hex).map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Contrast of two colours (WCAG 2.2), 1 to 21. */
export function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

const READABLE = 4.5
/** One of these two can be read on any colour. */
const EXTREMES = ['#ffffff', '#000000']

/** The first of the candidates that can be read on a colour; white or black when none can. */
export const readableOn = (colour: string, candidates: readonly string[]): string =>
  [...candidates, ...EXTREMES].find((one) => contrast(one, colour) >= READABLE) ?? '#000000'
