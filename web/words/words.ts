/**
 * Everything the page says, in one shape for all languages: a language that lacks a sentence does
 * not compile. Sentences with numbers in them are functions, for languages differ in more than
 * words.
 */
import type { Reservation } from '../../client/holdfast.ts'
import type { OwnLook } from '../booking/claims.ts'
import type { Notice } from '../booking/notice.ts'

export type SeatLook = 'free' | 'held' | 'sold' | 'blocked' | OwnLook

export interface SeatWords {
  section: string
  row: string
  number: number
}

export interface Words {
  brand: string
  /** Name of the language in itself. */
  language: string
  otherLanguage: { label: string; code: 'en' | 'ko' }
  skipToContent: string

  shows: {
    title: string
    intro: string
    headline: string
    loading: string
    failed: string
    retry: string
    none: string
    search: string
    found: (count: number) => string
    more: string
    seats: (count: string) => string
    free: (count: string) => string
    from: (price: string) => string
    soldOut: string
  }

  show: {
    back: string
    loading: string
    notFound: string
    notFoundHint: string
    failed: string
    failedHint: string
    map: string
    list: string
    viewLabel: string
    zoomIn: string
    zoomOut: string
    zoomFit: string
    stage: string
    mapLabel: (name: string) => string
    mapHint: string
    noGuests: string
  }

  seat: (seat: SeatWords) => string
  seatShort: (seat: SeatWords) => string
  row: (id: string) => string
  look: Record<SeatLook, string>
  freeOf: (free: string, total: string) => string
  freeShort: (free: string) => string

  legend: {
    prices: string
    seats: string
    zoneOnly: (price: string) => string
    zoneFree: (free: string) => string
    together: string
    fewer: string
    more: string
    togetherValue: (count: number) => string
  }

  basket: {
    title: string
    empty: string
    emptyHint: (minutes: number) => string
    noneFree: string
    noneFreeHint: string
    asking: string
    seatCount: (count: number) => string
    left: (time: string) => string
    leftShort: string
    warning: string
    extend: string
    release: (seats: string) => string
    total: string
    pay: string
    open: string
    close: string
  }

  pay: {
    title: string
    sandbox: string
    cards: string
    works: string
    worksHint: string
    declined: string
    declinedHint: string
    slow: string
    slowHint: string
    email: string
    emailHint: string
    emailWrong: string
    charges: (count: number) => string
    button: (amount: string) => string
    back: string
  }

  processing: {
    title: string
    text: string
    note: string
  }

  after: {
    ticketsTitle: (count: number) => string
    ticketsText: string
    ticketsButton: (count: number) => string
    ticketId: string
    code: (ticketId: string) => string
    mixedTitle: string
    lostTitle: (reservation: Reservation) => string
    lostText: (reservation: Reservation) => string
    money: string
    moneyText: (reservation: Reservation, amount: string) => string
    done: string
    again: string
    print: string
  }

  list: {
    sections: string
    choose: string
    all: string
    grid: (section: string) => string
    hint: string
    find: (count: number) => string
    rowsFrom: (first: string, last: string) => string
    next: string
    previous: string
  }

  connection: {
    connecting: string
    lost: string
    retryIn: (seconds: number) => string
    retry: string
    back: string
    closed: string
    reload: string
  }

  /** `seat` puts a seat's id into words. */
  notice: (notice: Notice, seat: (seatId: string) => string) => string
}
