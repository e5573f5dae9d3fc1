import type { NoticeFacts } from '../facts.ts'
import type { Names, Phrasebook, Words } from './words.ts'

const confirmed = (_facts: NoticeFacts, { show, amount }: Names): Words => ({
  subject: `Your tickets for ${show}`,
  headline: 'Your seats are booked',
  paragraphs: [
    `We have received your payment of ${amount}, and the seats below are yours.`,
    'Please have your ticket numbers ready at the entrance. Enjoy the show!',
  ],
})

const paymentFailed = ({ reason }: NoticeFacts, { show }: Names): Words => ({
  subject: `Your payment for ${show} did not go through`,
  headline: 'Your payment did not go through',
  paragraphs: [
    reason === 'payment_declined'
      ? 'Your card was declined, so we could not book your seats. You have not been charged.'
      : 'The payment provider could not be reached in time, so we could not book your seats. ' +
        'You have not been charged.',
    'The seats are free again. You are welcome to choose seats and pay once more.',
  ],
})

const REFUND_FOLLOWS =
  'If you have been charged, the full amount goes back to you. We will write again when it has.'

function cancelled({ reason }: NoticeFacts, { show }: Names): Words {
  const subject = `Your reservation for ${show} was cancelled`
  const headline = 'Your reservation was cancelled'
  if (reason === 'show_cancelled') {
    return {
      subject: `${show} has been cancelled`,
      headline: 'The show has been cancelled',
      paragraphs: ['We are sorry: this show will not take place.', REFUND_FOLLOWS],
    }
  }
  const why =
    reason === 'seat_conflict'
      ? 'Your payment reached us after your time to pay had run out, and by then somebody else ' +
        'had at least one of the seats. We are sorry that we could not keep them for you.'
      : 'Your payment reached us after your time to pay had run out, so we could not book the seats.'
  return { subject, headline, paragraphs: [why, REFUND_FOLLOWS] }
}

const expired = ({ phase }: NoticeFacts, { show }: Names): Words => ({
  subject: `Your time for ${show} has run out`,
  headline: 'Your seats have been released',
  paragraphs:
    phase === 'paying'
      ? [
          'Your payment was not completed in time, so the seats have been released.',
          'If it still arrives, we book the seats for you if they are free, and return the full ' +
            'amount if they are not. Either way we will let you know.',
        ]
      : [
          'We kept your seats for as long as we could, but the order was not completed in time. ' +
            'You have not been charged.',
          'You are welcome to choose seats again.',
        ],
})

const refunded = (_facts: NoticeFacts, { show, amount }: Names): Words => ({
  subject: `Your refund for ${show}`,
  headline: 'Your money is on its way back',
  paragraphs: [
    `We have returned ${amount} to the card that you paid with.`,
    'Depending on your bank it can take a few days until you see it on your account.',
  ],
})

export const english: Phrasebook = {
  greeting: 'Hello,',
  closing: 'Your box office',
  automatic: 'This message was written automatically. Please keep it for your records.',
  labels: {
    show: 'Show',
    startsAt: 'Starts',
    seats: 'Seats',
    amount: 'Amount',
    tickets: 'Tickets',
    reservation: 'Reservation',
  },
  unnamedShow: (showId) => `show ${showId}`,
  words: { confirmed, payment_failed: paymentFailed, cancelled, expired, refunded },
}
