/** `dlq edit`: mends the payload of one dead letter, and replays the mended message. */
import { readFileSync } from 'node:fs'
import { encodeMessage, type Message } from '../../contracts/message.ts'
import { CommandFailed, UsageError } from '../cli/failure.ts'
import { editableOf, messageFrom } from '../edit/editable.ts'
import { editText } from '../edit/editor.ts'
import { label } from '../labels/label.ts'
import type { Verdict } from '../labels/situation.ts'
import { contentOf, type Letter, parseLetterId } from '../letters/letter.ts'
import { findLetter } from '../letters/readLetters.ts'
import { dealtWithInWords } from '../plan/planner.ts'
import { editedReplayOf } from '../replay/outgoing.ts'
import { type Context, openReader } from './context.ts'

export interface EditOptions {
  /** The edited text, where no editor shall be opened. */
  file?: string
}

export async function edit(context: Context, idText: string, options: EditOptions): Promise<void> {
  parseLetterId(idText)
  const { stores, terminal } = context
  const letter = await findLetter(await stores.kafka(), idText)
  const { group } = letter
  if (group === null) throw new UsageError(`${letter.id} does not say which group gave up`)
  await demandOpen(context, letter)
  const unsent = await (await stores.desk()).unsentEdit(letter)
  if (unsent !== null) terminal.note('an earlier edit may not have been sent: this is its message')
  const text = unsent ?? (await editedText(context, letter, options))
  const message = messageFrom(letter, text, Date.now())
  const verdict = await judge(context, group, message)
  terminal.say(`${verdict.label}: ${verdict.why}`)
  if (verdict.label === 'invalid' || verdict.label === 'already applied') {
    throw new CommandFailed('the edited message was not sent')
  }
  if (!(await terminal.confirm(`The edited message goes to ${group} alone.`, 'send'))) {
    throw new UsageError('the edited message was not sent: confirm it with --yes')
  }
  await send(context, { letter, group, message, isBegun: unsent !== null })
  terminal.json({ id: letter.id, messageId: message.id, group, ...verdict })
  if (!terminal.isJson) terminal.say(`sent ${message.id} to ${group} on ${letter.topic}`)
}

async function demandOpen({ stores }: Context, letter: Letter): Promise<void> {
  const desk = await stores.desk()
  const disposition = (await desk.dispositionsOf([letter])).get(letter.id)
  const words = dealtWithInWords(disposition)
  if (words) throw new CommandFailed(`${letter.id} was dealt with before: ${words}`)
}

async function editedText(
  { config, terminal }: Context,
  letter: Letter,
  { file }: EditOptions,
): Promise<string> {
  if (file !== undefined) {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      throw new UsageError(`cannot read ${file}: ${(error as Error).message}`)
    }
  }
  const editor = config.editor ?? (terminal.isAttended ? 'vi' : null)
  if (editor === null) throw new UsageError('set EDITOR, or give the edited payload with --file')
  const original = editableOf(letter)
  const text = await editText(editor, `${letter.topic}.json`, original)
  if (text === original && contentOf(letter).ok) {
    throw new CommandFailed('nothing was changed; to send it as it is, plan and replay it')
  }
  return text
}

async function judge(context: Context, group: string, message: Message): Promise<Verdict> {
  const reader = await openReader(context)
  const letter = { group, content: { ok: true as const, message } }
  const known = await reader.read([{ id: message.id, letter, dealtWith: null }])
  return label(letter, known.get(message.id)?.situation ?? null)
}

/** The original is kept: its disposition has the message that was sent in its place. */
async function send(
  { stores }: Context,
  of: { letter: Letter; group: string; message: Message; isBegun: boolean },
): Promise<void> {
  const { letter, group, message, isBegun } = of
  const body = encodeMessage(message)
  const [desk, producer] = await Promise.all([stores.desk(), stores.producer()])
  const filters = { id: letter.id, messageId: message.id }
  const auditId = await desk.openAudit({ command: 'edit', filters, digest: null, counts: {} })
  const isOurs = isBegun || (await desk.begin([letter], { action: 'edit', body }))
  try {
    if (!isOurs) throw new CommandFailed(`somebody has dealt with ${letter.id} meanwhile`)
    const key = message.payload.reservationId
    await producer.send([{ ...editedReplayOf(letter, group, body), key }])
    await desk.end([letter])
    await desk.closeAudit(auditId, { outcome: 'done', counts: { sent: 1 } })
  } catch (error) {
    await desk.closeAudit(auditId, { outcome: 'failed', counts: { sent: 0 } })
    throw error
  }
}
