/** What the seat service will answer to tickets that are issued now. */
import {
  apply,
  human,
  type Situation,
  statusIn,
  superseded,
  takenInWords,
  type Verdict,
} from './situation.ts'

/** Money is captured and nothing stands against the tickets yet: do the seats? */
export function fateOfSeats(situation: Situation): Verdict {
  const status = statusIn(situation)
  switch (status) {
    case 'paying':
      return whilePaying(situation)
    case 'expired':
    case 'unknown':
      return whenLate(situation)
    case 'cancelled':
      return situation.reservation?.reason === 'show_cancelled'
        ? superseded('the show was cancelled: the tickets are withdrawn and the money returned')
        : human('the reservation was cancelled as unpaid, but the money is captured: refund it?')
    case 'held':
    case 'confirmed':
    case 'released':
    case 'refunding':
    case 'refunded':
      return human(`the money is captured without tickets, but the reservation is ${status}`)
    default:
      throw new TypeError(`unknown status ${status satisfies never}`)
  }
}

function whilePaying({ seats, inTheWay }: Situation): Verdict {
  if (seats !== 'own') {
    return human(
      'the reservation is paying, but Redis does not show all of its seats as held by it',
    )
  }
  switch (inTheWay) {
    case 'none':
      return apply('the seats are kept for it: they are sold')
    case 'issued':
      return apply("the seats are kept for it: they are sold once another's late tickets are void")
    case 'confirmed':
      return human('Redis keeps the seats for it, but somebody has confirmed tickets for them')
    default:
      throw new TypeError(`unknown obstacle ${inTheWay satisfies never}`)
  }
}

/** A late payment is honoured when the seats are still free, and refunded otherwise. */
function whenLate(situation: Situation): Verdict {
  const { seats, inTheWay } = situation
  switch (seats) {
    case 'taken':
      return superseded(`the deadline passed and ${takenInWords(situation)}: it ends in a refund`)
    case 'free':
      if (inTheWay === 'none') return apply('late, but the seats are still free: they are sold')
      return inTheWay === 'issued'
        ? human('the seats are free, but the tickets of another late payment wait for them')
        : human('Redis says that the seats are free, but somebody has confirmed tickets for them')
    case 'own':
    case 'mixed':
      return human('the deadline passed, but Redis still shows seats as its own')
    default:
      throw new TypeError(`unknown seats ${seats satisfies never}`)
  }
}
