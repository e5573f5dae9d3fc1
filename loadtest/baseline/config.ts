/** What every service of the baseline reads from the environment. */
import { integer, oneOf, port, text, url } from '../../platform/config.ts'
import { LOG_LEVELS } from '../../platform/log.ts'
import { VARIANTS } from './api.ts'
import { CLIENT_LOG_LEVELS } from './client/callLog.ts'

export const baselineSpec = {
  variant: oneOf('BASELINE_VARIANT', VARIANTS, { default: 'idiomatic' }),
  mysqlUrl: url('MYSQL_URL', { protocols: ['mysql:'] }),
  mysqlDatabasePrefix: text('MYSQL_DATABASE_PREFIX', {
    default: 'baseline',
    pattern: /^[a-z][a-z0-9_]{0,39}$/,
  }),
  /** Chosen by measurement; README.md has the figures. */
  sqlConnections: integer('SQL_CONNECTIONS', { default: 32, min: 1, max: 200 }),
  logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, { default: 'info' }),
  clientLogLevel: oneOf('CLIENT_LOG_LEVEL', CLIENT_LOG_LEVELS, { default: 'none' }),
  port: port('PORT', { default: 0 }),
} as const
