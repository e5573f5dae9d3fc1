import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseLogEntry, parseLogs } from './logEntry.ts'
import { parseRecord } from './record.ts'

const NEEDED = {
  status: 'paying',
  show: 'show',
  customer: 'ann',
  seats: '3,1',
  currency: 'KRW',
  amount: '120000',
  hash: 'h',
  created: '1000',
  deadline: '2000',
  version: '1500-0',
}
const flat = (fields: object) => Object.entries(fields).flat()
const record = (fields: object = {}) => parseRecord('r', flat({ ...NEEDED, ...fields }))

describe('parseRecord', () => {
  it('reads what every record has', () => {
    expect(record()).toEqual({
      reservationId: 'r',
      status: 'paying',
      showId: 'show',
      customerId: 'ann',
      seats: [3, 1],
      amount: { currency: 'KRW', value: 120_000 },
      requestHash: 'h',
      createdMs: 1_000,
      deadlineMs: 2_000,
      version: '1500-0',
      owns: true,
    })
  })

  it('reads what some records have', () => {
    const contact = { email: 'ann@example.org' }
    const tickets = [{ ticketId: 't', seatId: 'A-1-1' }]
    const later = {
      reason: 'late_payment',
      contact: JSON.stringify(contact),
      tickets: JSON.stringify(tickets),
      payment: 'p',
      trace: 'a trace',
      checkoutKey: 'key',
      checkoutHash: 'hash',
    }
    expect(record(later)).toMatchObject({
      reason: 'late_payment',
      contact,
      tickets,
      paymentId: 'p',
      traceparent: 'a trace',
      checkoutKey: 'key',
      checkoutHash: 'hash',
    })
  })

  it('knows no record without fields, and refuses one that lacks some', () => {
    expect(parseRecord('r', [])).toBeNull()
    expect(() => parseRecord('r', ['status', 'held'])).toThrow('lacks the field show')
  })

  it('lets later fields win, as scripts append what they changed', () => {
    const changed = parseRecord('r', [...flat(NEEDED), 'status', 'expired', 'version', '1600-0'])
    expect(changed).toMatchObject({ status: 'expired', version: '1600-0', owns: false })
  })

  it('knows who owns the seats by the status, and of a refund by its own field', () => {
    const owns = (status: string, field?: string) =>
      record({ status, ...(field && { owns: field }) })?.owns
    expect(['held', 'paying', 'confirmed'].map((status) => owns(status))).toEqual([
      true,
      true,
      true,
    ])
    expect(['released', 'expired', 'cancelled', 'refunded'].map((status) => owns(status))).toEqual([
      false,
      false,
      false,
      false,
    ])
    expect([owns('refunding'), owns('refunding', '0'), owns('refunding', '1')]).toEqual([
      false,
      false,
      true,
    ])
  })
})

/** What the scripts write into an entry, in their order. */
const ENTRY_FIELDS =
  /ENTRY_FIELDS = \{([^}]*)\}/
    .exec(readFileSync(new URL('include/entry.lua', import.meta.url), 'utf8'))?.[1]
    ?.match(/\w+/g) ?? []

describe('parseLogEntry', () => {
  const base = {
    type: 'expired',
    show: 'show',
    prev: '1-0',
    reservation: 'r',
    customer: 'ann',
    seats: '3,1',
    currency: 'KRW',
    amount: '5',
    created: '1000',
    deadline: '2000',
    at: '2100',
  }
  const entry = ({ type, ...fields }: Record<string, string> = {}) => {
    const { type: usual, ...always } = base
    const told: Record<string, string> = { ...always, ...fields }
    const values = ENTRY_FIELDS.map((name) => told[name] ?? '')
    return parseLogEntry('2100-0', [type ?? usual, JSON.stringify(values)])
  }

  it('says that all seats changed, some, or none', () => {
    expect(entry({ state: '0' })).toMatchObject({ state: 0, moved: [3, 1] })
    expect(entry({ state: '0', moved: '1' })).toMatchObject({ state: 0, moved: [1] })
    expect(entry()).toMatchObject({ moved: [] })
    expect(entry({ state: '' })).not.toHaveProperty('state')
  })

  it('names the status that its type leads to', () => {
    const statusOf = (type: string) => (entry({ type }) as { status: string }).status
    expect(statusOf('extended')).toBe('held')
    expect(statusOf('freed')).toBe('refunding')
    expect(statusOf('refunded')).toBe('refunded')
  })

  it('reads the opening of a shard', () => {
    expect(parseLogEntry('7-0', ['opened', '["7"]'])).toEqual({
      id: '7-0',
      type: 'opened',
      epoch: '7-0',
      atMs: 7,
    })
  })

  it('refuses a type that it does not know', () => {
    expect(() => entry({ type: 'strange' })).toThrow('unknown type strange')
  })

  it('reads a whole XREAD reply, and one that brought nothing', () => {
    expect(parseLogs(null)).toEqual([])
    const logs = parseLogs([['{s07}:log', [['7-0', ['opened', '["7"]']]]]])
    expect(logs).toMatchObject([{ key: '{s07}:log', entries: [{ type: 'opened' }] }])
  })
})
