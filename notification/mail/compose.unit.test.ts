import { describe, expect, it } from 'vitest'
import { CANCEL_REASONS } from '../../contracts/payloads.ts'
import { NOTICE_KINDS } from '../domain/notices.ts'
import { parseMail } from '../testing/parseMail.ts'
import { composeNotice, writeNotice } from './compose.ts'
import type { NoticeFacts } from './facts.ts'

const ID = 'r07_0123456789abcdefghjkmnpqrs'

const facts = (changes: Partial<NoticeFacts> = {}): NoticeFacts => ({
  kind: 'confirmed',
  reservationId: ID,
  showId: 'winter',
  customerId: 'c_4vq2m8',
  seatIds: ['A-1-7', 'A-1-8'],
  amount: { currency: 'USD', value: 24_050 },
  email: 'buyer@example.com',
  show: { name: 'Winter Lights', startsAt: '2027-01-15T10:30:00.000Z' },
  tickets: [
    { ticketId: `t${ID.slice(1)}_1`, seatId: 'A-1-7' },
    { ticketId: `t${ID.slice(1)}_2`, seatId: 'A-1-8' },
  ],
  ...changes,
})

const compose = (changes: Partial<NoticeFacts> = {}, to = 'buyer@example.com') => {
  const options = { key: `${ID}.confirmed`, from: 'tickets@holdfast.invalid', to, atMs: 1_800_000 }
  return composeNotice(facts(changes), options).raw
}

describe('a message', () => {
  it('tells show, time, seats, amount, tickets and reservation in English', () => {
    const { subject, text } = writeNotice(facts())
    expect(subject).toBe('Your tickets for Winter Lights')
    for (const part of [
      'Show: Winter Lights',
      'Starts: Friday, January 15, 2027',
      '10:30',
      'UTC',
      'Seats: A-1-7, A-1-8',
      'Amount: $240.50',
      `A-1-7: t${ID.slice(1)}_1`,
      `A-1-8: t${ID.slice(1)}_2`,
      `Reservation: ${ID}`,
    ]) {
      expect(text).toContain(part)
    }
  })

  it('tells the same in Korean', () => {
    const amount = { currency: 'KRW', value: 240_000 }
    const { subject, text } = writeNotice(facts({ locale: 'ko-KR', amount }))
    expect(subject).toBe('[예매 완료] Winter Lights')
    for (const part of ['2027년 1월 15일', '좌석: A-1-7, A-1-8', '₩240,000', '예매 번호: ']) {
      expect(text).toContain(part)
    }
  })

  it.each([
    ['ko', 'ko'],
    ['ko-KR', 'ko'],
    ['KO-kr', 'ko'],
    ['kok-IN', 'en'],
    ['en-GB', 'en'],
    ['fr', 'en'],
    [undefined, 'en'],
  ])('for the locale %s is written in %s', (locale, language) => {
    const { html } = writeNotice(facts(locale ? { locale } : {}))
    expect(html).toContain(`<html lang="${language}">`)
  })

  it.each([
    ['USD', 5, '$0.05'],
    ['JPY', 1_500, '¥1,500'],
    ['KRW', 0, '₩0'],
    ['KWD', 1_234_567, 'KWD\u00a01,234.567'],
    ['EUR', 123_456_789_012, '€1,234,567,890.12'],
  ])('writes an amount of %s in its own digits', (currency, value, written) => {
    expect(writeNotice(facts({ amount: { currency, value } })).text).toContain(`Amount: ${written}`)
  })

  const variants: Partial<NoticeFacts>[] = NOTICE_KINDS.flatMap((kind) => [
    { kind },
    ...CANCEL_REASONS.map((reason) => ({ kind, reason })),
    { kind, phase: 'held' as const },
    { kind, phase: 'paying' as const },
  ])

  it('says something complete for every kind, reason and language', () => {
    for (const locale of ['en', 'ko']) {
      for (const variant of variants) {
        const { subject, text, html } = writeNotice(facts({ locale, ...variant }))
        expect(subject).toContain('Winter Lights')
        for (const body of [text, html]) expect(body).not.toMatch(/undefined|null|\[object|NaN/)
      }
    }
  })

  it('says different things for different kinds and reasons', () => {
    for (const locale of ['en', 'ko']) {
      const texts = [
        { kind: 'confirmed' },
        { kind: 'payment_failed', reason: 'payment_declined' },
        { kind: 'payment_failed', reason: 'payment_unavailable' },
        { kind: 'cancelled', reason: 'seat_conflict' },
        { kind: 'cancelled', reason: 'late_payment' },
        { kind: 'cancelled', reason: 'show_cancelled' },
        { kind: 'expired', phase: 'held' },
        { kind: 'expired', phase: 'paying' },
        { kind: 'refunded', reason: 'seat_conflict' },
      ] as const
      const written = texts.map((variant) => writeNotice(facts({ locale, ...variant })).text)
      expect(new Set(written).size).toBe(texts.length)
    }
  })

  it('names the show by its id when its name is not known', () => {
    const { show: _unknown, ...rest } = facts()
    expect(writeNotice(rest).subject).toBe('Your tickets for show winter')
  })

  it('escapes what came from outside in HTML', () => {
    const name = '<img src=x onerror="alert(1)"> & friends'
    const { html } = writeNotice(facts({ show: { name, startsAt: '2027-01-15T10:30:00Z' } }))
    expect(html).not.toContain('<img')
    expect(html).toContain('<td>&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; friends</td>')
  })
})

describe('a composed message', () => {
  it('has one Message-ID made of the key, and the right headers', () => {
    const { headers, parts } = parseMail(compose())
    expect(headers['message-id']).toBe(`<${ID}.confirmed@holdfast>`)
    expect(headers.to).toBe('buyer@example.com')
    expect(headers.from).toBe('Holdfast <tickets@holdfast.invalid>')
    expect(headers.date).toBe('Thu, 01 Jan 1970 00:30:00 +0000')
    expect(headers['auto-submitted']).toBe('auto-generated')
    expect(Object.keys(parts)).toEqual(['text/plain', 'text/html'])
    expect(parts['text/plain']).toContain('Seats: A-1-7, A-1-8')
  })

  it('carries Korean whole', () => {
    const { headers, parts } = parseMail(compose({ locale: 'ko' }))
    expect(headers.subject).toBe('[예매 완료] Winter Lights')
    expect(parts['text/plain']).toContain('예매가 확정되었습니다')
    expect(parts['text/html']).toContain('<h2>예매가 완료되었습니다</h2>')
  })

  it('in English can be read as it is, without decoding', () => {
    const raw = compose().toString()
    expect(raw).not.toMatch(/quoted-printable|base64/)
    expect(raw).toContain('Content-Transfer-Encoding: 7bit')
  })

  it('carries names beyond ASCII in English too', () => {
    const show = { name: 'Café Müller – 겨울', startsAt: '2027-01-15T10:30:00.000Z' }
    const { headers, parts } = parseMail(compose({ show }))
    expect(headers.subject).toBe(`Your tickets for ${show.name}`)
    expect(parts['text/plain']).toContain(`Show: ${show.name}`)
  })

  it('is the same, byte for byte, when it is composed again', () => {
    expect(compose()).toEqual(compose())
  })

  it.each([
    'Winter\r\nBcc: everyone@example.com',
    'Winter\nBcc: everyone@example.com',
    'Winter\rBcc: everyone@example.com',
    'Winter\u2028Bcc: everyone@example.com',
    'Winter\0\r\n\r\nBcc: everyone@example.com',
  ])('cannot be given another header by the name of a show: %j', (name) => {
    const raw = compose({ show: { name, startsAt: '2027-01-15T10:30:00.000Z' } })
    const { headers } = parseMail(raw)
    expect(headers.bcc).toBeUndefined()
    expect(headers.subject).toMatch(/^Your tickets for Winter ?Bcc: everyone@example.com$/)
  })
})
