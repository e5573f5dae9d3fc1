/** The requests of an order as text, ready to be sent. */
import type { SeatPair } from './seats.ts'

const RESERVATION_ID_LENGTH = 30
const ID_MARK = '"reservationId":"'

export interface OrderTexts {
  hold(order: { token: string; seats: SeatPair; key: string }): string
  checkout(order: { token: string; reservationId: string; key: string }): string
  /** Answers when the reservation is settled, or after `waitS` seconds. */
  wait(order: { token: string; reservationId: string; waitS: number }): string
}

/** @param card the payment token of every checkout */
export function orderTexts(http: string, card = 'tok_ok'): OrderTexts {
  const { host } = new URL(http)
  const common = `HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer `
  const json = '\r\nContent-Type: application/json\r\nIdempotency-Key: '
  const checkoutBody = JSON.stringify({ payment: { token: card } })
  const checkoutTail = `\r\nContent-Length: ${checkoutBody.length}\r\n\r\n${checkoutBody}`
  return {
    hold({ token, seats, key }) {
      const body = `{"seatIds":["${seats.first}","${seats.second}"]}`
      return (
        `POST /v1/shows/${seats.showId}/reservations ${common}${token}${json}${key}` +
        `\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      )
    },
    checkout: ({ token, reservationId, key }) =>
      `POST /v1/reservations/${reservationId}/checkout ${common}${token}${json}${key}${checkoutTail}`,
    wait: ({ token, reservationId, waitS }) =>
      `GET /v1/reservations/${reservationId} ${common}${token}\r\nPrefer: wait=${waitS}\r\n\r\n`,
  }
}

/** The reservation's id in the answer to a hold. */
export function reservationIdIn(answer: string): string {
  const at = answer.indexOf(ID_MARK)
  if (at < 0) throw new Error(`an answer without a reservation id: ${answer.slice(0, 500)}`)
  const start = at + ID_MARK.length
  return answer.slice(start, start + RESERVATION_ID_LENGTH)
}

/** Whether the answer shows a reservation that is paid for and ticketed. */
export const isConfirmed = (answer: string): boolean => answer.includes('"status":"confirmed"')
