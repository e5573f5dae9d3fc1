/**
 * Puts headers and alternative bodies together into a message (RFC 5322, RFC 2046). The encodings
 * are nodemailer's; its composer is not used, for it takes a dozen streams per message and several
 * times as long.
 */
import { wrap } from 'nodemailer/lib/base64'
import { encodeWords, foldLines, hasLongerLines, isPlainText } from 'nodemailer/lib/mime-funcs'

export interface Assembly {
  headers: readonly (readonly [name: string, value: string])[]
  /** Bodies that say the same, the plainest first. */
  parts: readonly (readonly [type: string, body: string])[]
  /** Must occur in no body. */
  boundary: string
}

const LINE_BYTES_MAX = 76
/** Of one encoded word, so that it fits a line beside the header's name. */
const WORD_BYTES_MAX = 52

/** The message as bytes, with CRLF line ends. A line break in a header value is a RangeError. */
export function assemble({ headers, parts, boundary }: Assembly): Buffer {
  const lines = [
    ...headers.map(headerLine),
    'MIME-Version: 1.0',
    `Content-Type: multipart/alternative;\r\n boundary="${boundary}"`,
    '',
    ...parts.flatMap(([type, body]) => [`--${boundary}`, ...partLines(type, body)]),
    `--${boundary}--`,
    '',
  ]
  return Buffer.from(lines.join('\r\n'))
}

function headerLine([name, value]: readonly [string, string]): string {
  if (/[\r\n\0]/.test(value)) throw new RangeError(`a line break in the header ${name}`)
  // Addresses are plain, or need a server that takes UTF-8 as it is: encoding is not for them.
  const encoded = name === 'Subject' ? encodeWords(value, 'B', WORD_BYTES_MAX, true) : value
  return foldLines(`${name}: ${encoded}`, LINE_BYTES_MAX)
}

function partLines(type: string, body: string): string[] {
  const isSimple = isPlainText(body) && !hasLongerLines(body, LINE_BYTES_MAX)
  return [
    `Content-Type: ${type}; charset=utf-8`,
    `Content-Transfer-Encoding: ${isSimple ? '7bit' : 'base64'}`,
    '',
    isSimple
      ? body.replaceAll('\n', '\r\n')
      : wrap(Buffer.from(body).toString('base64'), LINE_BYTES_MAX),
  ]
}
