/** Payment tokens decide what the sandbox does with a charge. */

/** `tok_slow_<ms>` waits at most this long. */
export const SLOW_MS_MAX = 600_000

export interface Plan {
  /** What the card does in the end. */
  status: 'captured' | 'declined'
  /** How long the charge takes, in ms; null: the provider's usual latency. */
  delayMs: number | null
  /** The caller who made the charge never gets an answer; whoever asks again does. */
  losesAnswer: boolean
  /** The first refund of the charge is made, but its caller never gets an answer. */
  losesRefundAnswer: boolean
  /** Refused until the sandbox is told otherwise. */
  isDown: boolean
}

const captured: Plan = {
  status: 'captured',
  delayMs: null,
  losesAnswer: false,
  losesRefundAnswer: false,
  isDown: false,
}

/** What a token makes of a charge. A token that the sandbox does not know is a declined card. */
export function planOf(token: string): Plan {
  switch (token) {
    case 'tok_ok':
      return captured
    case 'tok_lost':
      return { ...captured, losesAnswer: true }
    case 'tok_refund_lost':
      return { ...captured, losesRefundAnswer: true }
    case 'tok_down':
      return { ...captured, isDown: true }
    default: {
      const delayMs = Number(/^tok_slow_([0-9]{1,6})$/.exec(token)?.[1] ?? Number.NaN)
      if (delayMs <= SLOW_MS_MAX) return { ...captured, delayMs }
      return { ...captured, status: 'declined' }
    }
  }
}
