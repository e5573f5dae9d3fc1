/** What may happen to a side's tickets. */
import type { TicketDecision } from '../../ticket/domain/ticketing.ts'
import { ticketingOf } from './forgetting.ts'
import { ticketInputOf } from './inputs.ts'
import type { Laws } from './laws.ts'
import { describeMessage, handled, type Move, publish, type Side, type View } from './side.ts'

/** All steps of the tickets of `side`. */
export function ticketMoves(laws: Laws, side: Side, view: View): Move[] {
  const moves: Move[] = []
  for (const mail of side.mails) {
    if (mail.to !== 'ticket') continue
    const decision = laws.decideTickets(side.ticket, ticketInputOf(mail.message, view.inTheWay))
    const move = moveOf(side, decision, `${describeMessage(mail.message)} reaches ticket`)
    moves.push({ ...move, isOwed: !mail.isHandled, side: handled(move.side, mail) })
  }
  // Deciding again in the transaction of the ticket in the way is this step taken at once; by the
  // sweep, it is this step taken later.
  const again = laws.decideTickets(side.ticket, { type: 'way_changed', inTheWay: view.inTheWay })
  if (again) moves.push(moveOf(side, again, 'the waiting ticket is decided again'))
  return moves
}

function moveOf(side: Side, decision: TicketDecision | null, label: string): Move {
  if (!decision) return { label: `${label}: no effect`, isOwed: true, side }
  const changed: Side = { ...side, ticket: ticketingOf(decision) }
  const change = `${side.ticket?.state ?? 'none'} -> ${decision.state}`
  const { publish: message } = decision
  return {
    label: `${label}: ${change}${message ? ` + ${describeMessage(message)}` : ''}`,
    isOwed: true,
    side: message ? publish(changed, message) : changed,
  }
}
