/** What a client has said, or that it makes no sense. */
import { isUtf8 } from 'node:buffer'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import {
  type ClientFrameOf,
  FRAME_BYTES_MAX,
  SubscribeFrame,
  UnsubscribeFrame,
} from '../../contracts/feed.ts'
import { parseJson } from '../http/json.ts'
import { type CommandFrame, isCommand } from './commands.ts'

const IS_SUBSCRIBE = TypeCompiler.Compile(SubscribeFrame)
const IS_UNSUBSCRIBE = TypeCompiler.Compile(UnsubscribeFrame)

/** What is wrong with a command is told; the rest must be right. */
export type ClientFrame = ClientFrameOf<'subscribe' | 'unsubscribe' | 'ping'> | CommandFrame

/**
 * Reads a message, whose memory is taken back when the native handler returns. Null for a bad
 * frame: binary, too long, not UTF-8, not JSON, or nothing that a client may say.
 */
export function readFrame(message: ArrayBuffer, isBinary: boolean): ClientFrame | null {
  if (isBinary || message.byteLength > FRAME_BYTES_MAX) return null
  const bytes = Buffer.from(message)
  const parsed = isUtf8(bytes) ? parseJson(bytes.toString('utf8')) : null
  return parsed?.ok ? frameOf(parsed.value) : null
}

function frameOf(value: unknown): ClientFrame | null {
  if (typeof value !== 'object' || value === null || !('op' in value)) return null
  const { op } = value
  if (typeof op !== 'string') return null
  if (op === 'ping') return { op }
  if (isCommand(op)) return { ...value, op }
  if (IS_SUBSCRIBE.Check(value) || IS_UNSUBSCRIBE.Check(value)) return value
  return null
}
