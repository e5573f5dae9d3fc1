import type { Stage } from './stage.ts'

/** Longer than the demo show's payment window, so that the money arrives after the deadline. */
const SLOW_CARD = 'tok_slow_2500'

export interface Scene {
  title: string
  play(stage: Stage): Promise<void>
}

const happyPurchase: Scene = {
  title: 'A purchase',
  async play(stage) {
    const buyer = await stage.newBuyer()
    const held = await stage.hold(buyer, ['A-1-1', 'A-1-2'])
    await stage.checkout(buyer, held, 'tok_ok')
    const sold = await stage.ends(buyer, held, { status: 'confirmed', topic: 'seat_confirm' })
    stage.expect(sold.tickets?.length === 2, 'there are not two tickets')
    for (const ticket of sold.tickets ?? []) stage.say(`ticket ${ticket.ticketId} ${ticket.seatId}`)
  },
}

const declinedCard: Scene = {
  title: 'A declined card: the seats come back',
  async play(stage) {
    const buyer = await stage.newBuyer()
    const held = await stage.hold(buyer, ['A-1-3', 'A-1-4'])
    await stage.checkout(buyer, held, 'tok_declined')
    const end = { status: 'cancelled', topic: 'seat_cancel', reason: 'payment_declined' }
    await stage.ends(buyer, held, end)
  },
}

const forgottenHold: Scene = {
  title: 'A forgotten hold: the deadline frees the seat',
  async play(stage) {
    const buyer = await stage.newBuyer()
    const held = await stage.hold(buyer, ['A-1-5'])
    await stage.ends(buyer, held, { status: 'expired', topic: 'seat_expired' })
  },
}

const latePaymentHonoured: Scene = {
  title: 'A late payment, the seats still free: honoured',
  async play(stage) {
    const buyer = await stage.newBuyer()
    const held = await stage.hold(buyer, ['A-1-7', 'A-1-8'])
    await stage.checkout(buyer, held, SLOW_CARD)
    await buyer.until(held.reservationId, 'expired')
    stage.say('the payment window is over: expired')
    const sold = await stage.ends(buyer, held, { status: 'confirmed', topic: 'seat_confirm' })
    stage.expect(sold.tickets?.length === 2, 'there are not two tickets')
  },
}

const latePaymentRefunded: Scene = {
  title: 'A late payment, the seats taken meanwhile: refunded once',
  async play(stage) {
    const late = await stage.newBuyer()
    const quick = await stage.newBuyer()
    const lost = await stage.hold(late, ['A-1-9', 'A-1-10'])
    await stage.checkout(late, lost, SLOW_CARD)
    await late.until(lost.reservationId, 'expired')
    stage.say('the payment window is over: expired; somebody else takes one of the seats')
    const won = await stage.hold(quick, ['A-1-10'])
    await stage.checkout(quick, won, 'tok_ok')
    await stage.ends(quick, won, { status: 'confirmed', topic: 'seat_confirm' })
    const end = { status: 'refunded', topic: 'payment_refund', reason: 'seat_conflict' }
    await stage.ends(late, lost, end)
    const refunds = stage.hops.countOf(lost.reservationId, 'payment_refund')
    stage.expect(refunds === 1, `refunded ${refunds} times`)
  },
}

export const SCENES: readonly Scene[] = [
  happyPurchase,
  declinedCard,
  forgottenHold,
  latePaymentHonoured,
  latePaymentRefunded,
]

/** What the demo show must look like after all scenes. */
export const SEATS_AT_THE_END = { total: 20, free: 15, held: 0, sold: 5, blocked: 0 }
