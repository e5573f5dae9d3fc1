import { describe, expect, it } from 'vitest'
import { CANCEL_REASONS } from '../../contracts/payloads.ts'
import {
  type Conversation,
  decideNotice,
  NOTICE_KINDS,
  type NoticeInput,
  type NoticeKind,
} from './notices.ts'

const OLDER = '1000-9'
const LAST = '1000-10'
const NEWER = '1001-0'

/** What is said on each word of the seat service, whatever was said before. */
const KIND_OF_REASON: Record<(typeof CANCEL_REASONS)[number], NoticeKind> = {
  payment_declined: 'payment_failed',
  payment_unavailable: 'payment_failed',
  seat_conflict: 'cancelled',
  late_payment: 'cancelled',
  show_cancelled: 'cancelled',
}

const seatWords = (
  logId: string,
): { input: NoticeInput & { logId: string }; say: NoticeKind }[] => [
  { input: { topic: 'seat_confirm', logId }, say: 'confirmed' },
  { input: { topic: 'seat_expired', logId }, say: 'expired' },
  ...CANCEL_REASONS.map((reason) => ({
    input: { topic: 'seat_cancel' as const, logId, reason },
    say: KIND_OF_REASON[reason],
  })),
]

const CONVERSATIONS: Record<string, Conversation | null> = {
  'not begun': null,
  'begun by a refund that came first': { lastLogId: null, isRefunded: true },
  'at a seat word': { lastLogId: LAST, isRefunded: false },
  'over: refunded': { lastLogId: LAST, isRefunded: true },
}

describe.each(Object.entries(CONVERSATIONS))('a conversation %s', (_name, conversation) => {
  const isOpen = !conversation?.isRefunded
  const isFresh = (logId: string): boolean => !conversation?.lastLogId || logId === NEWER

  for (const logId of [OLDER, LAST, NEWER]) {
    it.each(seatWords(logId))(`with $input.topic $input.reason at log id ${logId}`, (word) => {
      const expected =
        isOpen && isFresh(logId)
          ? { say: word.say, conversation: { lastLogId: logId, isRefunded: false } }
          : null
      expect(decideNotice(conversation, word.input)).toEqual(expected)
    })
  }

  it('with payment_refund', () => {
    const expected = isOpen && {
      say: 'refunded',
      conversation: { lastLogId: conversation?.lastLogId ?? null, isRefunded: true },
    }
    expect(decideNotice(conversation, { topic: 'payment_refund' })).toEqual(expected || null)
  })
})

describe('decideNotice', () => {
  it('can say every kind', () => {
    const kinds = seatWords(NEWER).map(({ input }) => decideNotice(null, input)?.say)
    expect(new Set([...kinds, 'refunded'])).toEqual(new Set(NOTICE_KINDS))
  })

  it('orders log ids by number, not by text', () => {
    const conversation = { lastLogId: '999-0', isRefunded: false }
    const word = { topic: 'seat_confirm', logId: '1000-0' } as const
    expect(decideNotice(conversation, word)?.say).toBe('confirmed')
  })

  it('says the same last word whatever the order in which the words came', () => {
    const words: NoticeInput[] = [
      { topic: 'seat_expired', logId: '5-0' },
      { topic: 'seat_cancel', logId: '7-0', reason: 'seat_conflict' },
      { topic: 'payment_refund' },
    ]
    for (const order of permutationsOf(words)) {
      let conversation: Conversation | null = null
      let last: NoticeKind | null = null
      for (const word of [...order, ...order]) {
        const decision = decideNotice(conversation, word)
        conversation = decision?.conversation ?? conversation
        last = decision?.say ?? last
      }
      expect(last).toBe('refunded')
      expect(conversation?.isRefunded).toBe(true)
    }
  })
})

function permutationsOf<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, index) =>
    permutationsOf(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  )
}
