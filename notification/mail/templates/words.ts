import type { NoticeKind } from '../../domain/notices.ts'
import type { NoticeFacts } from '../facts.ts'

/** What a template may name, ready to be read: formatted for its language and free of breaks. */
export interface Names {
  show: string
  amount: string
}

/** A message in words; how it looks is render.ts's affair. */
export interface Words {
  subject: string
  headline: string
  paragraphs: readonly string[]
}

/** One language: what it says on each kind of notice, and its labels. */
export interface Phrasebook {
  greeting: string
  closing: string
  automatic: string
  labels: {
    show: string
    startsAt: string
    seats: string
    amount: string
    tickets: string
    reservation: string
  }
  unnamedShow(showId: string): string
  words: Readonly<Record<NoticeKind, (facts: NoticeFacts, names: Names) => Words>>
}
