/** The synchronous baseline on a stage of its own; it has no use for Kafka, so none runs. */
import { auditApart } from '../audit/apart.ts'
import type { Variant } from '../baseline/api.ts'
import { startBaseline } from '../baseline/launch.ts'
import { BASELINE_QUERIES, OrderBooks } from './orderBooks.ts'
import { openStage } from './stage.ts'
import type { StartOptions, SystemUnderTest } from './system.ts'

const DATABASE_PREFIX = 'baseline'

/**
 * Starts servers and services.
 * @throws Error naming what did not start; everything has been stopped then
 */
export async function startBaselineSystem(
  variant: Variant,
  options: StartOptions,
): Promise<SystemUnderTest> {
  const { signal, environment } = options
  const stage = await openStage(['redis', 'mariadb'], options)
  const books = new OrderBooks({
    mysqlUrl: stage.urlOf('mariadb'),
    prefix: DATABASE_PREFIX,
    home: 'order',
    queries: BASELINE_QUERIES,
  })
  try {
    const baseline = await startBaseline({
      variant,
      stack: { redis: { url: stage.urlOf('redis') }, mariadb: { url: stage.urlOf('mariadb') } },
      // Its processes log into this folder, beside the servers.
      dir: stage.logDir,
      databasePrefix: DATABASE_PREFIX,
      env: environment,
      registry: stage.registry,
      signal,
    })
    const stop = async (): Promise<void> => {
      await books.close()
      await baseline.stop()
      await stage.stop()
    }
    await books.open()
    const { http, sandboxUrl, adminToken, services, stores } = baseline
    const audit = () => auditApart({ architecture: 'synchronous', stores }, options)
    return {
      ...{ name: variant, isAsynchronous: false, http, sandboxUrl, adminToken, stage, services },
      ...{ books, audit, stop },
    }
  } catch (error) {
    await stage.stop()
    throw error
  }
}
