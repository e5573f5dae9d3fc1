/** Every message about some reservations, as the services' outboxes have it. */
import { decodeMessage, type Message } from '../../contracts/message.ts'
import type { Database } from '../../platform/mysql/database.ts'
import type { Databases } from '../checker/gatherSql.ts'

export interface Publication {
  service: string
  message: Message
  /** The record's value, as the relay would publish it. */
  body: string
  isPublished: boolean
}

/** Reservations per question: the key has no index, so each question reads the outbox once. */
const ASKED_MAX = 1_000

/** Messages that cannot be decoded any more are left out. */
export async function selectPublications(
  databases: Databases,
  reservationIds: readonly string[],
): Promise<Publication[]> {
  const found: Publication[] = []
  for (let at = 0; at < reservationIds.length; at += ASKED_MAX) {
    const some = reservationIds.slice(at, at + ASKED_MAX)
    const perService = await Promise.all(
      Object.entries(databases).map(([service, db]) => selectFrom(db, service, some)),
    )
    found.push(...perService.flat())
  }
  return found
}

async function selectFrom(
  db: Database,
  service: string,
  reservationIds: readonly string[],
): Promise<Publication[]> {
  const rows = await db.query<{ topic: string; body: string; is_published: number }>(
    `SELECT topic, body, published_at IS NOT NULL AS is_published FROM outbox
     WHERE event_key IN (?)`,
    [reservationIds],
  )
  return rows.flatMap(({ topic, body, is_published }) => {
    const decoded = decodeMessage(topic, body)
    if (!decoded.ok) return []
    return [{ service, message: decoded.message, body, isPublished: is_published === 1 }]
  })
}
