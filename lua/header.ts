/**
 * Reads the contract on top of a Lua script: which keys and arguments it takes, in which order,
 * and which outcomes it answers. lua/README.md shows the form.
 */

import { KEY_KINDS } from './keys.ts'

export interface HeaderKey {
  name: string
  type: string
  pattern: string
}

export interface Header {
  keys: HeaderKey[]
  args: string[]
  /** What comes again for each item of a batch; null for a script that takes one item. */
  each: { keys: HeaderKey[]; args: string[] } | null
  /** Tags of the outcomes. */
  tags: string[]
}

type Section = { once: string[]; each: string[] | null }

const HEADER = /^#!lua(?: flags=[a-z,-]+)?\n--\[\[ ([\s\S]*?)\s*\]\]\n/
const ITEM_INDENT = 4

/** Reads the header of `source`. Throws TypeError when there is none or it is not complete. */
export function parseHeader(name: string, source: string): Header {
  const text = HEADER.exec(source)?.[1]
  if (text === undefined) throw new TypeError(`${name}.lua has no header behind its #!lua line`)
  const sections = sectionsOf(text)
  const keys = itemsOf(sections.get('KEYS') ?? [])
  const args = itemsOf(sections.get('ARGV') ?? [])
  const returns = sections.get('RETURNS')
  if (keys.once.length === 0 || !returns) {
    throw new TypeError(`${name}.lua must name KEYS, ARGV and RETURNS in its header`)
  }
  const each = keys.each ?? args.each
  return {
    keys: keys.once.map((line) => keyOf(name, line)),
    args: args.once.map(firstWord),
    each: each && {
      keys: (keys.each ?? []).map((line) => keyOf(name, line)),
      args: (args.each ?? []).map(firstWord),
    },
    tags: tagsOf(returns),
  }
}

/** The lines below KEYS, ARGV and RETURNS; `RETURNS one for each ...` is RETURNS. */
function sectionsOf(text: string): Map<string, string[]> {
  const sections = new Map<string, string[]>()
  let lines: string[] = []
  for (const line of text.split('\n')) {
    const title = /^ {2}(KEYS|ARGV|RETURNS)\b/.exec(line)?.[1]
    if (title) {
      lines = []
      sections.set(title, lines)
    } else if (line.trim() !== '') {
      lines.push(line)
    }
  }
  return sections
}

/** Items stand four deep, those of `each ...:` six; what stands deeper goes on with its item. */
function itemsOf(lines: readonly string[]): Section {
  const section: Section = { once: [], each: null }
  for (const line of lines) {
    const indent = line.length - line.trimStart().length
    if (indent === ITEM_INDENT && /^each .*:$/.test(line.trim())) section.each = []
    else if (indent === ITEM_INDENT) section.once.push(line.trim())
    else if (indent === ITEM_INDENT + 2 && section.each) section.each.push(line.trim())
  }
  return section
}

function keyOf(script: string, line: string): HeaderKey {
  const [name, type, pattern] = line.split(/\s+/)
  if (!name || !type || !pattern?.startsWith('{sNN}:')) {
    throw new TypeError(`${script}.lua: the key "${line}" must say name, type and pattern`)
  }
  return { name, type, pattern }
}

const firstWord = (line: string): string => line.split(/\s/, 1)[0] ?? ''

/** Alternatives stand on lines of their own or are parted by `|`; each begins with its tag. */
function tagsOf(lines: readonly string[]): string[] {
  const alternatives = lines
    .filter((line) => line.length - line.trimStart().length === ITEM_INDENT)
    .flatMap((line) => line.split('|'))
  return alternatives.map((text) => firstWord(text.trim())).filter((tag) => /^[A-Z_]+$/.test(tag))
}

/** What a binding says, as far as it can be compared: the names of members are what counts. */
export interface Declared {
  keys: readonly string[]
  args: object
  outcomes: object
}

/** Throws TypeError when a binding (and its part for each item) does not say what the header says. */
export function checkBinding(
  name: string,
  header: Header,
  binding: Declared,
  each?: Declared,
): void {
  const tags = [...Object.keys(binding.outcomes), ...Object.keys(each?.outcomes ?? {})]
  compare(name, 'KEYS', namesOf(header.keys), binding.keys)
  compare(name, 'ARGV', header.args, Object.keys(binding.args))
  compare(name, 'KEYS of each', namesOf(header.each?.keys ?? []), each?.keys ?? [])
  compare(name, 'ARGV of each', header.each?.args ?? [], Object.keys(each?.args ?? {}))
  compare(name, 'RETURNS', [...header.tags].sort(), tags.sort())
  for (const key of [...header.keys, ...(header.each?.keys ?? [])]) checkKey(name, key)
}

const namesOf = (keys: readonly HeaderKey[]): string[] => keys.map((key) => key.name)

function compare(
  script: string,
  part: string,
  header: readonly string[],
  binding: readonly string[],
): void {
  const [declared, bound] = [header.join(' '), binding.join(' ')]
  if (declared === bound) return
  throw new TypeError(
    `${script}.lua and its binding differ in ${part}: "${declared}" and "${bound}"`,
  )
}

/** A key of a name has the same type and pattern in every script. */
function checkKey(script: string, key: HeaderKey): void {
  const kind = (KEY_KINDS as Record<string, { type: string; pattern: string }>)[key.name]
  if (kind?.type === key.type && kind.pattern === key.pattern) return
  throw new TypeError(`${script}.lua: the key ${key.name} is not as lua/keys.ts has it`)
}
