/** The circuit breaker of a client: opossum's, with the settings that clients declare. */
import CircuitBreaker from 'opossum'
import { ClientError } from './errors.ts'

export interface BreakerOptions {
  /** Opens when more than this share of the calls of the window failed. */
  readonly failurePercentMax: number
  /** With fewer calls than this in the window it stays closed. */
  readonly callsMin: number
  readonly windowMs: number
  /** How long it stays open before one call may try (half-open). */
  readonly resetMs: number
}

export interface Breaker {
  /** Runs `action`, or throws ClientError `OPEN` without running it. */
  run<T>(action: () => Promise<T>): Promise<T>
  close(): void
}

const BUCKETS = 10

export function createBreaker(name: string, options: BreakerOptions): Breaker {
  const run = (action: () => Promise<unknown>): Promise<unknown> => action()
  const circuit = new CircuitBreaker(run, {
    name,
    // The client's own time-outs know whether the request was sent.
    timeout: false,
    errorThresholdPercentage: options.failurePercentMax,
    volumeThreshold: options.callsMin,
    rollingCountTimeout: options.windowMs,
    rollingCountBuckets: BUCKETS,
    resetTimeout: options.resetMs,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    errorFilter: (error: unknown) => !isOutage(error),
  })
  return {
    async run<T>(action: () => Promise<T>): Promise<T> {
      try {
        return (await circuit.fire(action)) as T
      } catch (error) {
        if (!isOpenCircuit(error)) throw error
        throw new ClientError('OPEN', `the circuit of ${name} is open`)
      }
    },
    close: () => circuit.shutdown(),
  }
}

const isOpenCircuit = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException | null)?.code === 'EOPENBREAKER'

/** A definite answer, such as a declined card, says that the other side is well. */
const isOutage = (error: unknown): boolean =>
  error instanceof ClientError && (error.code !== 'STATUS' || (error.status ?? 500) >= 500)
