import type { Reservation } from '../../client/holdfast.ts'
import type { Notice } from '../booking/notice.ts'
import type { Words } from './words.ts'

const plural = (count: number, one: string, many: string): string =>
  count === 1 ? `1 ${one}` : `${count} ${many}`
const seats = (count: number): string => plural(count, 'seat', 'seats')

function lostTitle({ status, reason }: Reservation): string {
  if (reason === 'payment_declined') return 'Your card was declined'
  if (reason === 'payment_unavailable') return 'The payment did not go through'
  if (reason === 'show_cancelled') return 'The show was cancelled'
  if (status === 'expired') return 'Time ran out during the payment'
  return 'The seats could not be yours'
}

function lostText({ status, reason }: Reservation): string {
  if (reason === 'payment_declined') {
    return 'The seats are free again. You can take them once more and pay with another card.'
  }
  if (reason === 'payment_unavailable') {
    return 'The payment provider could not be reached. The seats are free again.'
  }
  if (reason === 'show_cancelled') return 'It will not take place.'
  if (status === 'expired') {
    return 'The bank has not answered in time. If it says yes after all, you get the seats while they are free, or all of your money back.'
  }
  return 'Your payment came after the deadline, and somebody else has one of the seats by now.'
}

function moneyText({ status, payment }: Reservation, amount: string): string {
  if (status === 'refunded' || payment?.status === 'refunded') {
    return `${amount} went back to your card.`
  }
  if (status === 'refunding' || payment?.status === 'captured' || payment?.status === 'refunding') {
    return `${amount} was taken and is on its way back to your card. You need not do anything.`
  }
  if (status === 'expired') return 'Nothing was taken so far. Whatever is taken later comes back.'
  return 'Nothing was taken from your card.'
}

function notice(told: Notice, seat: (seatId: string) => string): string {
  const named = (ids: readonly string[]): string => ids.map(seat).join('; ')
  switch (told.type) {
    case 'held':
      return `Held for you: ${named(told.seatIds)}.`
    case 'released':
      return `Given back: ${named(told.seatIds)}.`
    case 'extended':
      return 'You have more time.'
    case 'extended-to-the-end':
      return 'This is as long as seats can be held.'
    case 'time-left':
      return `${told.seconds} seconds left to pay.`
    case 'taken':
      return `Somebody was faster: ${named(told.seatIds)}.`
    case 'not-free': {
      const why = { 1: 'is held by somebody', 2: 'is sold', 3: 'is not for sale' }[told.state]
      return `${seat(told.seatId)} ${why}.`
    }
    case 'none-together':
      return told.count === 1
        ? 'There is no free seat here.'
        : `There are no ${told.count} free seats side by side here.`
    case 'held-together':
      return `${seats(told.seatIds.length)} are held together. Give them back in your basket.`
    case 'ran-out':
      return `The time is up. Free again: ${named(told.seatIds)}.`
    case 'limit':
      return `One buyer may have ${seats(told.max)} for this show, and you have ${told.have}.`
    case 'too-many':
      return `At most ${seats(told.max)} can be held at once.`
    case 'not-now':
      return 'That did not work just now. Please try again.'
    case 'unanswered':
      return 'There is no answer yet. We keep asking.'
    case 'processing':
      return 'Payment is being processed.'
    case 'confirmed':
      return told.count === 1 ? 'Your ticket is here.' : `Your ${told.count} tickets are here.`
    case 'not-bought':
      return 'The payment failed. Nothing was bought.'
    case 'connection':
      return told.isLost
        ? 'The connection is lost. The map may be out of date.'
        : 'The map is live.'
  }
}

export const en: Words = {
  brand: 'Holdfast',
  language: 'English',
  otherLanguage: { label: '한국어', code: 'ko' },
  skipToContent: 'Skip to the content',

  shows: {
    title: 'Shows',
    headline: 'Press a seat. It’s held for you.',
    intro:
      'The map is live: whatever anybody takes or gives back, you see at once. Nobody can take a seat while you hold it.',
    loading: 'Looking up the shows',
    failed: 'The shows could not be loaded.',
    retry: 'Try again',
    none: 'There is no show yet.',
    search: 'Find a show',
    found: (count) => plural(count, 'show', 'shows'),
    more: 'More shows',
    seats: (count) => `${count} seats`,
    free: (count) => `${count} free`,
    from: (price) => `from ${price}`,
    soldOut: 'Sold out',
  },

  show: {
    back: 'All shows',
    loading: 'Opening the house',
    notFound: 'There is no such show',
    notFoundHint: 'It may have been taken down, or the address has a typo.',
    failed: 'This show could not be opened',
    failedHint: 'It may work again in a moment.',
    map: 'Map',
    list: 'List',
    viewLabel: 'How to choose seats',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    zoomFit: 'Show the whole house',
    stage: 'Stage',
    mapLabel: (name) =>
      `Seating plan of ${name}. The list has the same seats for keyboards and screen readers.`,
    mapHint: 'Press a section to come closer',
    noGuests: 'Seats can be looked at here, but not bought.',
  },

  seat: ({ section, row, number }) => `${section}, row ${row}, seat ${number}`,
  seatShort: ({ row, number }) => `Row ${row}, seat ${number}`,
  row: (id) => `Row ${id}`,
  look: {
    free: 'free',
    held: 'held by somebody',
    sold: 'sold',
    blocked: 'not for sale',
    pending: 'asking for it',
    mine: 'held for you',
    paying: 'being paid',
    ticket: 'yours',
  },
  freeOf: (free, total) => `${free} of ${total} free`,
  freeShort: (free) => `${free} free`,

  legend: {
    prices: 'Prices',
    seats: 'What the marks mean',
    zoneOnly: (price) => `Show only seats for ${price}`,
    zoneFree: (free) => `${free} free`,
    together: 'Seats side by side',
    fewer: 'One seat fewer',
    more: 'One seat more',
    togetherValue: (count) => (count === 1 ? '1 seat a press' : `${count} seats a press`),
  },

  basket: {
    title: 'Your seats',
    empty: 'Nothing held yet',
    emptyHint: (minutes) =>
      minutes < 1
        ? 'Press a free seat. It is held for you at once.'
        : `Press a free seat. It is held for you at once, for ${plural(minutes, 'minute', 'minutes')}.`,
    noneFree: 'Nothing is free now',
    noneFreeHint: 'A seat that comes back shows here at once.',
    asking: 'asking …',
    seatCount: seats,
    left: (time) => `${time} left`,
    leftShort: 'left to pay',
    warning: 'Your time is nearly up',
    extend: 'More time',
    release: (named) => `Give back ${named}`,
    total: 'Total',
    pay: 'Go to payment',
    open: 'Show your seats',
    close: 'Show the map',
  },

  pay: {
    title: 'Payment',
    sandbox: 'This is a sandbox: no money moves. Choose how the card behaves.',
    cards: 'Card',
    works: 'A card that works',
    worksHint: 'is charged at once',
    declined: 'A card that is declined',
    declinedHint: 'the bank says no',
    slow: 'A slow card',
    slowHint: 'the bank thinks for four seconds',
    email: 'E-mail for the tickets',
    emailHint: 'Optional. You see them here in any case.',
    emailWrong: 'This is not an e-mail address.',
    charges: (count) =>
      `You held these seats in ${count} steps, so your card is charged in ${count} parts.`,
    button: (amount) => `Pay ${amount}`,
    back: 'Back to your seats',
  },

  processing: {
    title: 'Processing',
    text: 'We are talking to the bank. Your seats are safe meanwhile.',
    note: 'You may stay or come back later. The tickets will be here.',
  },

  after: {
    ticketsTitle: (count) =>
      count === 1 ? 'Here is your ticket' : `Here are your ${count} tickets`,
    ticketsText:
      'Show the code at the door. This browser keeps it for a day, so print it for later.',
    ticketsButton: (count) => (count === 1 ? 'Your ticket' : `Your ${count} tickets`),
    ticketId: 'Ticket',
    code: (ticketId) => `QR code of ticket ${ticketId}`,
    mixedTitle: 'What was not bought',
    lostTitle,
    lostText,
    money: 'Your money',
    moneyText,
    done: 'Back to the map',
    again: 'Choose again',
    print: 'Print',
  },

  list: {
    sections: 'Sections',
    choose: 'Choose a section to see its rows.',
    all: 'All sections',
    grid: (section) => `Seats of ${section}`,
    hint: 'Arrow keys move between seats, Enter holds or gives back, Home and End go along the row.',
    find: (count) => (count === 1 ? 'Go to a free seat' : `Go to ${count} free seats side by side`),
    rowsFrom: (first, last) => `Rows ${first} to ${last}`,
    next: 'Next rows',
    previous: 'Previous rows',
  },

  connection: {
    connecting: 'Connecting …',
    lost: 'The connection is lost. The map is as it was.',
    retryIn: (seconds) => `Next attempt in ${plural(seconds, 'second', 'seconds')}.`,
    retry: 'Try now',
    back: 'Live again',
    closed: 'The server does not accept this visit any more.',
    reload: 'Start anew',
  },

  notice,
}
