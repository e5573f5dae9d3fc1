/** How a command ends when it does not end well. */

/** What was typed, or a file that was named, is wrong: exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** A server does not answer, or the work could not be finished: exit status 1. */
export class CommandFailed extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'CommandFailed'
  }
}
