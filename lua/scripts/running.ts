/** Bindings of what the leader of a shard does to run it: lease, epoch, log, position. */
import { defineBatch, defineScript } from '../defineScript.ts'
import type { DropOutcome, LeaseOutcome, MoveLogOutcome, OpenOutcome } from '../seatVerbs.ts'
import { NOT_LEADER, OPEN } from './common.ts'

type Term = { shard: number; token: string }
const token = (term: Term) => term.token

export const takeLease = defineScript<Term & { ttlMs: number }, LeaseOutcome>({
  name: 'takeLease',
  keys: ['lease'],
  args: { token, ttlMs: (lease) => lease.ttlMs },
  outcomes: {
    TAKEN: () => ({ type: 'taken' }),
    RENEWED: () => ({ type: 'renewed' }),
    BUSY: ([remainingMs]) => ({ type: 'busy', remainingMs: Number(remainingMs) }),
  },
})

export const releaseLease = defineScript<Term, { type: 'released' } | { type: 'not_holder' }>({
  name: 'releaseLease',
  keys: ['lease'],
  args: { token },
  outcomes: {
    RELEASED: () => ({ type: 'released' }),
    NOT_HOLDER: () => ({ type: 'not_holder' }),
  },
})

type Opening = Term & { pastId: string }
const pastId = (opening: Opening) => opening.pastId

export const moveLog = defineScript<Opening, MoveLogOutcome>({
  name: 'moveLog',
  keys: ['lease', 'epoch', 'log'],
  args: { token, pastId },
  outcomes: { MOVED: ([tip = '']) => ({ type: 'moved', tip }), OPEN, NOT_LEADER },
})

export const openShard = defineScript<Opening, OpenOutcome>({
  name: 'openShard',
  keys: ['lease', 'epoch', 'log'],
  args: { token, pastId },
  outcomes: { OPENED: ([epoch = '']) => ({ type: 'opened', epoch }), OPEN, NOT_LEADER },
})

type Drop = { shard: number; token?: string; projectedId?: string }

export const dropEpoch = defineScript<Drop, DropOutcome>({
  name: 'dropEpoch',
  keys: ['lease', 'epoch', 'log'],
  args: { token: (drop) => drop.token ?? '', projectedId: (drop) => drop.projectedId ?? '' },
  outcomes: {
    DROPPED: () => ({ type: 'dropped' }),
    ABSENT: () => ({ type: 'absent' }),
    NOT_LEADER,
  },
})

type Clearing = Term & { names: readonly string[] }
type Cleared = { type: 'cleared'; keys: number } | ReturnType<typeof OPEN> | { type: 'not_leader' }

export const clearKeys = defineBatch<Clearing, { key: string }, never, Cleared>({
  name: 'clearKeys',
  keys: ['lease', 'epoch'],
  args: { token },
  outcomes: { CLEARED: ([count]) => ({ type: 'cleared', keys: Number(count) }), OPEN, NOT_LEADER },
  each: {
    of: (clearing) => clearing.names.map((key) => ({ key })),
    keys: ['key'],
    args: {},
    outcomes: {},
  },
})

export const trimLog = defineScript<{ shard: number; keepMs: number }, { trimmed: number }>({
  name: 'trimLog',
  keys: ['log', 'position'],
  args: { keepMs: (trim) => trim.keepMs },
  outcomes: { TRIMMED: ([count]) => ({ trimmed: Number(count) }) },
})

export const setPosition = defineScript<{ shard: number; logId: string }, { logId: string }>({
  name: 'setPosition',
  keys: ['position'],
  args: { logId: (position) => position.logId },
  outcomes: { POSITION: ([logId = '']) => ({ logId }) },
})
