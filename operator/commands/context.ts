/** What every command is given. */
import type { Interrupt, Terminal } from '../cli/terminal.ts'
import type { OperatorConfig } from '../config.ts'
import { SituationReader } from '../state/situations.ts'
import type { Stores } from '../state/stores.ts'

export interface Context {
  config: OperatorConfig
  stores: Stores
  terminal: Terminal
  interrupt: Interrupt
}

export async function openReader({ config, stores }: Context): Promise<SituationReader> {
  const [databases, redis] = await Promise.all([stores.databases(), stores.redis()])
  return new SituationReader({ databases, redis, redisShards: config.redisShards })
}
