/**
 * JSON from strangers. The grammar is JSON.parse's; on top of it, what JSON.parse silently puts up
 * with is refused: names that come twice (the last one would win, and another reader might take
 * the first), `__proto__`, nesting deeper than any body of ours, and escapes of half a character,
 * which UTF-8 cannot keep: what is stored and sent on would be something else.
 */

export const DEPTH_MAX = 16

export type Parsed = { ok: true; value: unknown } | { ok: false; message: string }

const NOT_JSON = 'the body is not JSON'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const COLON = 0x3a

/** Parses a JSON text. Never throws. */
export function parseJson(text: string): Parsed {
  // First, for a megabyte of open brackets keeps JSON.parse busy for seconds.
  const message = faultOf(text)
  if (message !== null) return { ok: false, message }
  try {
    const value: unknown = JSON.parse(text)
    // Bytes were checked; only an escape can bring half a character.
    return SURROGATE_ESCAPE.test(text) && isHalved(value)
      ? { ok: false, message: 'the body holds half a character' }
      : { ok: true, value }
  } catch {
    return { ok: false, message: NOT_JSON }
  }
}

const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/
/** A surrogate that has no other half; whole characters are not looked into. */
const HALF = /\p{Surrogate}/u

/** Whether some text of the value, or some name in it, holds half a character. */
function isHalved(value: unknown): boolean {
  if (typeof value === 'string') return HALF.test(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, member]) => HALF.test(name) || isHalved(member))
}

/** What of the above is wrong with a text, or null. It may not be JSON at all. One pass. */
function faultOf(text: string): string | null {
  // One set of names for each open object, null for each open array.
  const open: (Set<string> | null)[] = []
  let lastString = ''
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at)
        lastString = text.slice(at, end + 1)
        at = end
        break
      }
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        if (open.length === DEPTH_MAX) return `the body is nested deeper than ${DEPTH_MAX} levels`
        open.push(text.charCodeAt(at) === OPEN_OBJECT ? new Set() : null)
        break
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        open.pop()
        break
      case COLON: {
        // Outside of strings a colon follows a name in an object, or the text is not JSON.
        const names = open[open.length - 1]
        const fault = names ? addName(names, lastString) : NOT_JSON
        if (fault !== null) return fault
        break
      }
      default:
    }
  }
  return null
}

/** Where the string ends that begins at `start`: its last quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let end = start + 1; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === QUOTE) return end
    if (code === BACKSLASH) end++
  }
  return text.length
}

function addName(names: Set<string>, quoted: string): string | null {
  const name = quoted.includes('\\') ? unescaped(quoted) : quoted.slice(1, -1)
  if (name === null) return NOT_JSON
  if (name === '__proto__') return 'the name __proto__ is not allowed'
  if (names.has(name)) return `the name ${quoted.slice(0, 80)} comes twice in one object`
  names.add(name)
  return null
}

function unescaped(quoted: string): string | null {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return null
  }
}
