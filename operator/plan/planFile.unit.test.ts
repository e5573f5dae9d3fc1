import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { UsageError } from '../cli/failure.ts'
import { canonical, type PlanHead, type PlanRecord, PlanWriter, readPlan } from './planFile.ts'

const CREATED_AT_MS = Date.parse('2026-01-31T10:00:00.000Z')

const record = (at: number): PlanRecord => ({
  id: `payment_create.DLQ/0/${at}`,
  topic: 'payment_create',
  group: 'ticket',
  reservationId: 'r07_0123456789abcdefghjkmnpqrs',
  showId: 'demo',
  label: at % 2 === 0 ? 'apply' : 'already applied',
  why: 'because "quotes" and\nlines',
  messageId: `m-${at}`,
  amount: { currency: 'KRW', value: 100 },
  reason: 'TypeError: no',
  failedAt: '2026-01-31T09:00:00.000Z',
  replays: 0,
  fingerprint: 'f',
  against: { seats: 'own' },
})

const head: Omit<PlanHead, 'counts'> = {
  createdAt: '2026-01-31T10:00:00.000Z',
  expiresAt: '2026-01-31T11:00:00.000Z',
  operator: 'kim',
  filters: {},
  versions: { holdfast: '0.1.0', deadLetters: { 'payment_create.DLQ/0': '3' } },
}

describe('a plan on disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plan-'))
  const path = join(folder, 'plan.json')
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const write = async (count: number): Promise<string> => {
    const writer = new PlanWriter(path)
    for (let at = 0; at < count; at += 1) await writer.add([record(at)])
    return writer.finish(head)
  }

  it('is read as it was written, with its counts and its digest', async () => {
    const digest = await write(3)
    const plan = readPlan(path, CREATED_AT_MS)
    expect(plan).toMatchObject({ ...head, digest })
    expect(plan.records).toEqual([record(0), record(1), record(2)])
    expect(plan.counts).toMatchObject({ apply: 2, 'already applied': 1, human: 0 })
    expect(readdirSync(folder)).toEqual(['plan.json'])
  })

  it('may be empty', async () => {
    await write(0)
    expect(readPlan(path, CREATED_AT_MS).records).toEqual([])
  })

  it('has one record per line', async () => {
    await write(3)
    const lines = readFileSync(path, 'utf8').split('\n')
    expect(lines.filter((line) => line.startsWith('    {"id"'))).toHaveLength(3)
  })

  it('may be reformatted', async () => {
    await write(2)
    const plan = JSON.parse(readFileSync(path, 'utf8'))
    const { records, ...rest } = plan
    writeFileSync(path, JSON.stringify({ records, ...rest }, null, 8))
    expect(readPlan(path, CREATED_AT_MS).records).toHaveLength(2)
  })

  it.each([
    ['a label', (text: string) => text.replace('"label":"already applied"', '"label":"apply"')],
    ['a group', (text: string) => text.replace('"group":"ticket"', '"group":"payment"')],
    ['the time it is good for', (text: string) => text.replace('T11:00', 'T23:00')],
    ['the order', (text: string) => text.replace('DLQ/0/0', 'DLQ/0/9').replace('0/1"', '0/0"')],
    ['a count', (text: string) => text.replace('"apply": 2', '"apply": 1')],
    ['the operator', (text: string) => text.replace('"kim"', '"lee"')],
  ])('is refused when %s was changed', async (_what, change) => {
    await write(3)
    const text = readFileSync(path, 'utf8')
    expect(change(text)).not.toBe(text)
    writeFileSync(path, change(text))
    expect(() => readPlan(path, CREATED_AT_MS)).toThrow(/was changed after it was made/)
  })

  it('is refused when a record was left out', async () => {
    await write(3)
    const plan = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...plan, records: plan.records.slice(1) }))
    expect(() => readPlan(path, CREATED_AT_MS)).toThrow(UsageError)
  })

  it('is refused from the moment on that it expires', async () => {
    await write(1)
    const expiresAtMs = Date.parse(head.expiresAt)
    expect(readPlan(path, expiresAtMs - 1).records).toHaveLength(1)
    expect(() => readPlan(path, expiresAtMs)).toThrow(/expired at 2026-01-31T11/)
  })

  it('says what is wrong with a file that is no plan', async () => {
    writeFileSync(path, '{ "digest": 7 }')
    expect(() => readPlan(path, CREATED_AT_MS)).toThrow(/is no plan: \/\w+/)
    writeFileSync(path, 'plan')
    expect(() => readPlan(path, CREATED_AT_MS)).toThrow(/cannot read the plan/)
  })

  it('is not written over what is no file', () => {
    expect(() => new PlanWriter(folder)).toThrow(`cannot write ${folder}: it is no file`)
    expect(() => new PlanWriter('/dev/null')).toThrow('it is no file')
  })

  it('leaves nothing behind when it is not finished', async () => {
    rmSync(path, { force: true })
    const writer = new PlanWriter(path)
    await writer.add([record(0)])
    writer.discard()
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('canonical', () => {
  it('has sorted keys, no blanks, and no members that are undefined', () => {
    const value = { b: [1, { z: null, a: 'x y' }], a: undefined, _: true }
    expect(canonical(value)).toBe('{"_":true,"b":[1,{"a":"x y","z":null}]}')
  })
})
