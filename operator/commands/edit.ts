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
import { inTurn } from '../replay/turn.ts'
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
  const desk = await stores.desk()
  const unsent = await desk.unsentEdit(letter)
  const isUnsent = unsent !== null && options.file === undefined
  const text = isUnsent ? unsent : await editedText(context, letter, options)
  if (isUnsent) terminal.note('an earlier edit may not have been sent: this is its message')
  const message = messageFrom(letter, text, Date.now())
  const verdict = await judge(context, group, message)
  terminal.say(`${verdict.label}: ${verdict.why}`)
  if (isUnsent && verdict.label === 'already applied') {
    await desk.end([letter])
    terminal.say('the earlier edit was sent')
  } else {
    await sendIfConfirmed(context, { letter, group, message, verdict })
  }
  terminal.json({ id: letter.id, messageId: message.id, group, ...verdict })
}

interface Edited {
  letter: Letter
  group: string
  message: Message
  verdict: Verdict
}

/** The operator reads the verdict, and it is looked at again once that was answered. */
async function sendIfConfirmed(context: Context, edited: Edited): Promise<void> {
  const { terminal } = context
  const { letter, group, message, verdict } = edited
  if (verdict.label === 'invalid' || verdict.label === 'already applied') {
    throw new CommandFailed('the edited message was not sent')
  }
  const question = `The edited message goes to ${group} alone.`
  if (!(await terminal.confirm(question, 'send', 'sends nothing'))) {
    throw new UsageError('the edited message was not sent: confirm it with --yes')
  }
  const now = await judge(context, group, message)
  if (now.label !== verdict.label || now.why !== verdict.why) {
    throw new CommandFailed(`the edited message was not sent: ${now.label} by now: ${now.why}`)
  }
  await send(context, edited)
  if (!terminal.isJson) terminal.say(`sent ${message.id} to ${group} on ${letter.topic}`)
}

async function demandOpen({ stores }: Context, letter: Letter): Promise<void> {
  const desk = await stores.desk()
  const disposition = (await desk.dispositionsOf([letter])).get(letter.id)
  const words = dealtWithInWords(disposition)
  if (words) throw new CommandFailed(`${letter.id} was dealt with before: ${words}`)
}

async function editedText(
  { config, terminal, interrupt }: Context,
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
  // Ctrl-C is the editor's as long as it runs.
  interrupt.postpone()
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
async function send(context: Context, { letter, group, message }: Edited): Promise<void> {
  const body = encodeMessage(message)
  const { stores } = context
  const [desk, producer] = await Promise.all([stores.desk(), stores.producer()])
  const filters = { id: letter.id, messageId: message.id }
  const auditId = await desk.openAudit({ command: 'edit', filters, digest: null, counts: {} })
  try {
    if (!(await claim(context, letter, body))) {
      throw new CommandFailed(`somebody has dealt with ${letter.id} meanwhile`)
    }
    const key = message.payload.reservationId
    await producer.send([{ ...editedReplayOf(letter, group, body), key }])
    await desk.end([letter])
    await desk.closeAudit(auditId, { outcome: 'done', counts: { sent: 1 } })
  } catch (error) {
    await desk.closeAudit(auditId, { outcome: 'failed', counts: { sent: 0 } })
    throw error
  }
}

/** False when somebody has dealt with it. What a killed replay has begun is taken over. */
async function claim(context: Context, letter: Letter, body: string): Promise<boolean> {
  const { stores, terminal, interrupt } = context
  const desk = await stores.desk()
  const what = { action: 'edit' as const, body }
  if (await desk.begin([letter], what)) return true
  return inTurn({ desk, terminal, interrupt }, async () => {
    if (interrupt.isAsked) return false
    return desk.takeOver(letter, what)
  })
}
