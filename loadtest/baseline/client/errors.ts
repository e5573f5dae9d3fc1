/** How a call of a client can fail. */

/**
 * `NOT_SENT`  the request never left: no connection in time, or refused
 * `NO_ANSWER` it left and no complete answer came: anything may have happened
 * `OPEN`      the circuit breaker let nothing through
 * `STATUS`    an answer outside of 200-299 that no error decoder made anything of
 * `GARBLED`   an answer that is not what the call promises
 */
export type ClientErrorCode = 'NOT_SENT' | 'NO_ANSWER' | 'OPEN' | 'STATUS' | 'GARBLED'

export class ClientError extends Error {
  readonly code: ClientErrorCode
  /** Of `STATUS`. */
  readonly status: number | undefined

  constructor(code: ClientErrorCode, detail: string, options: { status?: number } = {}) {
    super(`${code}: ${detail}`)
    this.name = 'ClientError'
    this.code = code
    this.status = options.status
  }

  /** False when the other side certainly did nothing, so that the call may simply be given up. */
  get mayHaveRun(): boolean {
    return this.code !== 'NOT_SENT' && this.code !== 'OPEN'
  }
}
