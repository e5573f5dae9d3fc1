/** The log of Redis, the projector behind it, and what a loss of Redis leaves of both. */
import type { Laws } from './laws.ts'
import {
  type Entry,
  type Mail,
  type Message,
  publish,
  type Side,
  type Standing,
  UNTOUCHED,
} from './side.ts'

/** A script changes the reservation and appends the log entry, in one go. */
export function write(
  laws: Laws,
  side: Side,
  { standing, message, canLose }: Entry & { canLose: boolean },
): Side {
  // When nothing can be lost any more, the projector's pace is one with the pace of delivery, for
  // a message may be late anyway: let it keep up.
  if (!canLose) {
    const changed: Side = { ...side, projected: standing }
    return message ? publish(changed, message) : changed
  }
  const entry: Entry = { standing, message: laws.publishesThroughSql ? message : null }
  const changed: Side = { ...side, entries: [...side.entries, entry] }
  return message && !laws.publishesThroughSql ? publish(changed, message) : changed
}

/**
 * The projector commits one entry, and with it the message: in the outbox it cannot be lost.
 * Offsets that waited for just this entry are committed in the same breath; a crash in between
 * means a replay, and replays are always possible.
 */
export function projected(side: Side, isAuthor: boolean): Side {
  const mails = side.mails.map((mail) =>
    mail.entriesToPass > 0 ? { ...mail, entriesToPass: mail.entriesToPass - 1 } : mail,
  )
  const passed: Side = { ...side, mails }
  const [entry, ...entries] = side.entries
  if (!isAuthor || !entry) return passed
  const changed: Side = { ...passed, entries, projected: entry.standing }
  return entry.message ? publish(changed, entry.message) : changed
}

/** Redis restarts without the last entries, and nobody notices: its tip is not behind SQL. */
export function truncated(
  laws: Laws,
  side: Side,
  { kept, canLose }: { kept: number; canLose: boolean },
): Side {
  const entries = side.entries.slice(0, kept)
  const left: Side = { ...side, entries, mails: redelivered(laws, side) }
  if (canLose) return left
  return entries.reduce((each) => projected(each, true), left)
}

/** Redis lost everything, or more than the projector has not seen, and is rebuilt from SQL. */
export function rebuilt(laws: Laws, side: Side): Side {
  const { projected: last } = side
  const isInSql = last.status !== 'held' && (laws.projectsHeldEnds || !endedHeld(side, last))
  const owns = last.status !== 'refunding' || laws.restoresRefunding ? last.owns : null
  const restored: Side = {
    ...side,
    projected: isInSql ? { ...last, owns } : UNTOUCHED.projected,
    entries: [],
    isDropped: false,
    mails: redelivered(laws, side),
  }
  if (laws.movesLogForward) return restored
  return { ...restored, words: [], wordsAhead: [...side.words, ...side.wordsAhead] }
}

/** The seat service starts over from its committed offsets. */
const redelivered = (laws: Laws, side: Side): readonly Mail[] =>
  side.mails.map((mail) =>
    mail.entriesToPass > 0
      ? { ...mail, entriesToPass: 0, isHandled: !laws.startsOverAfterLoss }
      : mail,
  )

/** A reservation that was released, or expired before its checkout. */
const endedHeld = (side: Side, { status }: Standing): boolean =>
  status === 'released' || (status === 'expired' && side.words.every((word) => isHeldExpiry(word)))

const isHeldExpiry = (word: Message): boolean =>
  word.topic === 'seat_expired' && word.phase === 'held'
