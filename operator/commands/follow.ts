/** `dlq follow`: new dead letters as they come, one line each, until Ctrl-C. */
import { followRecords } from '../../platform/kafka/follow.ts'
import { table } from '../cli/table.ts'
import { timeInWords } from '../cli/words.ts'
import { reasonOf } from '../letters/filters.ts'
import { DEAD_LETTER_TOPICS, keyTextOf, type Letter, letterOf } from '../letters/letter.ts'
import type { Context } from './context.ts'

export async function follow({ stores, terminal, interrupt }: Context): Promise<void> {
  interrupt.postpone()
  const connection = await stores.kafka()
  const following = await followRecords({
    connection,
    topics: DEAD_LETTER_TOPICS,
    onRecord: (record) => {
      const letter = letterOf(record)
      if (terminal.isJson) terminal.stdout.write(`${jsonOf(letter)}\n`)
      else terminal.say(lineOf(letter))
    },
  })
  terminal.note('following new dead letters; Ctrl-C ends it')
  await interrupt.asked()
  await following.stop()
}

function lineOf(letter: Letter): string {
  const { id, group, failedAtMs } = letter
  const time = timeInWords(failedAtMs).slice(11)
  return table([[time, id, group ?? '?', keyTextOf(letter) ?? '-', reasonOf(letter)]]).join('')
}

function jsonOf(letter: Letter): string {
  const { id, topic, group, failedAtMs, replays } = letter
  const failedAt = new Date(failedAtMs).toISOString()
  return JSON.stringify({
    ...{ id, topic, group, key: keyTextOf(letter), reason: reasonOf(letter), replays, failedAt },
  })
}
