/** Anything with a beginning and an end: a pool, a server, a consumer, a sweep. */
export interface Component {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Runs a service until it is told to stop: starts the components in order, stops them in reverse
 * (every stop runs, also when one fails), memoised; SIGTERM and SIGINT stop, a second signal exits
 * at once; an unhandled rejection or a failed start ends the process with status 1.
 */
export async function runService(
  _service: string,
  _components: readonly Component[],
  _log: unknown,
): Promise<void> {
  throw new Error('being built')
}
