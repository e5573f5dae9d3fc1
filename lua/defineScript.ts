/**
 * Binds a Lua script to a typed call. The script's header is the declaration, and a binding that
 * says anything else does not load: keys and arguments must be the same in the same order, and
 * every outcome must be read.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RedisClient } from './client.ts'
import { faultOf } from './errors.ts'
import { checkBinding, type Declared, type Header, parseHeader } from './header.ts'
import { type KeyName, keyOf, type Place } from './keys.ts'

type Argument = string | number
type Arguments<Options> = Readonly<Record<string, (options: Options) => Argument>>
/** By tag: makes the outcome of what follows the tag, and of what was asked. */
type Outcomes<Options, Outcome> = Readonly<
  Record<string, (rest: string[], options: Options) => Outcome>
>

/** What every binding says. Keys are found by their names, so only arguments are computed. */
interface Binding<Options, Outcome> {
  /** The script is `scripts/<name>.lua`. */
  name: string
  keys: readonly KeyName[]
  /** In the order of the script. */
  args: Arguments<Options>
  outcomes: Outcomes<Options, Outcome>
}

/** A binding whose keys and arguments go on with some for each item of a batch. */
interface BatchBinding<Options, Item, Outcome, Refusal> extends Binding<Options, Refusal> {
  each: {
    of: (options: Options) => readonly Item[]
    keys: readonly KeyName[]
    args: Arguments<Item>
    outcomes: Outcomes<Item, Outcome>
  }
}

export interface LoadedScript {
  readonly name: string
  /** The source as Redis gets it, includes put in. */
  readonly source: string
  readonly sha: string
  readonly header: Header
}

/** A bound script. `run` throws RedisUnavailable, and TypeError for what only a bug can cause. */
export interface Script<Options, Outcome> extends LoadedScript {
  run(client: RedisClient, options: Options): Promise<Outcome>
}

/** Binds a script that does one thing. Throws TypeError when header and binding differ. */
export function defineScript<Options extends Place, Outcome>(
  binding: Binding<Options, Outcome>,
): Script<Options, Outcome> {
  const script = load(binding)
  const encoders = Object.values(binding.args)
  return {
    ...script,
    async run(client, options) {
      const keys = binding.keys.map((name) => keyOf(name, options))
      const args = encoders.map((encode) => encode(options))
      const reply = await call(client, script, keys, args)
      return read(script, binding.outcomes, reply as string[], options)
    },
  }
}

/**
 * Binds a script that does one thing for each item of a batch and answers each, unless it refuses
 * the whole call (`outcomes`). Throws TypeError when header and binding differ.
 */
export function defineBatch<Options extends Place, Item extends Partial<Place>, Outcome, Refusal>(
  binding: BatchBinding<Options, Item, Outcome, Refusal>,
): Script<Options, { type: 'answered'; outcomes: Outcome[] } | Refusal> {
  const script = load(binding, binding.each)
  const encoders = Object.values(binding.args)
  const eachEncoders = Object.values(binding.each.args)
  return {
    ...script,
    async run(client, options) {
      const items = binding.each.of(options)
      const keys = binding.keys.map((name) => keyOf(name, options))
      const args = encoders.map((encode) => encode(options))
      for (const item of items) {
        const { showId, reservationId, key } = item
        const place = { shard: options.shard, showId, reservationId, key }
        for (const name of binding.each.keys) keys.push(keyOf(name, place))
        for (const encode of eachEncoders) args.push(encode(item))
      }
      const reply = (await call(client, script, keys, args)) as string[] | string[][]
      if (typeof reply[0] === 'string') {
        return read(script, binding.outcomes, reply as string[], options)
      }
      const outcomes = items.map((item, at) =>
        read(script, binding.each.outcomes, (reply as string[][])[at] ?? [], item),
      )
      return { type: 'answered', outcomes }
    },
  }
}

function read<Options, Outcome>(
  script: LoadedScript,
  outcomes: Outcomes<Options, Outcome>,
  reply: string[],
  options: Options,
): Outcome {
  const reader = outcomes[reply[0] ?? '']
  if (!reader) throw new TypeError(`${script.name} answered the unknown outcome ${reply[0]}`)
  return reader(reply.slice(1), options)
}

/**
 * Runs the script by its hash. Redis forgets scripts when it restarts, so one that it does not
 * know is sent whole, which also makes it known.
 */
async function call(
  client: RedisClient,
  script: LoadedScript,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<unknown> {
  try {
    return await client.evalsha(script.sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw faultOf(error)
  }
  try {
    return await client.eval(script.source, keys.length, ...keys, ...args)
  } catch (error) {
    throw faultOf(error)
  }
}

const loaded = new Map<string, LoadedScript>()

/** All scripts that have a binding, for sending them to Redis beforehand. */
export const loadedScripts = (): readonly LoadedScript[] => [...loaded.values()]

function load(binding: Declared & { name: string }, each?: Declared): LoadedScript {
  const { name } = binding
  if (loaded.has(name)) throw new TypeError(`${name}.lua has two bindings`)
  const text = readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8')
  const header = parseHeader(name, text)
  checkBinding(name, header, binding, each)
  const source = withIncludes(text, new Set())
  const sha = createHash('sha1').update(source).digest('hex')
  const script = { name, source, sha, header }
  loaded.set(name, script)
  return script
}

const INCLUDE = /^--@include (\w+)\n/gm

/** Puts each included snippet in the place of its first `--@include`. */
function withIncludes(text: string, seen: Set<string>): string {
  return text.replace(INCLUDE, (_line, name: string) => {
    if (seen.has(name)) return ''
    seen.add(name)
    const snippet = readFileSync(new URL(`include/${name}.lua`, import.meta.url), 'utf8')
    return withIncludes(snippet, seen)
  })
}
