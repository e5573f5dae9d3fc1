/** What every service of the baseline is made of: one database, its migrations, one server. */
import type { ConfigOf } from '../../platform/config.ts'
import type { Check } from '../../platform/health.ts'
import type { Component } from '../../platform/lifecycle.ts'
import type { Log } from '../../platform/log.ts'
import { Metrics } from '../../platform/metrics.ts'
import { Database } from '../../platform/mysql/database.ts'
import { migrate } from '../../platform/mysql/migrate.ts'
import type { baselineSpec } from './config.ts'
import type { HttpServer, Route } from './http/http.ts'
import { createServer } from './http/service.ts'

export type BaselineConfig = ConfigOf<typeof baselineSpec>

/** A service's own database; its components create it and bring it to its schema. */
export function openDatabase(options: {
  service: string
  config: BaselineConfig
  migrations: readonly URL[]
  log: Log
}): { db: Database; components: Component[] } {
  const { service, config, migrations, log } = options
  const db = new Database({
    url: config.mysqlUrl,
    database: `${config.mysqlDatabasePrefix}_${service}`,
    poolSize: config.sqlConnections,
    log,
  })
  const migrating = component('migrations', { start: () => migrate(db, migrations) })
  return { db, components: [db, migrating] }
}

/** The service's server, ready when its database is and whatever else it names. */
export function serve(options: {
  config: BaselineConfig
  db: Database
  routes: readonly Route[]
  log: Log
  checks?: Readonly<Record<string, () => Promise<Check>>>
  metrics?: Metrics
}): HttpServer {
  const { config, db, routes, log, checks = {}, metrics = new Metrics() } = options
  const { variant, port } = config
  return createServer({
    ...{ variant, port, routes, metrics, log },
    checks: { sql: () => db.check(), ...checks },
  })
}

/** A component of functions; what is not given does nothing. */
export const component = (
  name: string,
  { start = async () => {}, stop = async () => {} }: Partial<Pick<Component, 'start' | 'stop'>>,
): Component => ({ name, start, stop })
