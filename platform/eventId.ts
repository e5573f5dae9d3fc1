/** Ids of messages that are born in SQL. */
import { randomFillSync } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'

const ID_BYTES = 16
/** Random bytes are drawn for many ids at once: a draw costs more than the rest of an id. */
const pool = new Uint8Array(ID_BYTES * 256)
let used = pool.length

/** A new UUIDv7: globally unique, and roughly in order of time, which keeps indexes compact. */
export function newEventId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + ID_BYTES)
  used += ID_BYTES
  return uuidv7({ random })
}
