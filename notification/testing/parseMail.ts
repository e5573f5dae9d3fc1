/** Reads messages as far as these tests need: headers, and the parts of a multipart body. */

export interface ParsedMail {
  /** By lower-case name, unfolded and decoded; a header that occurs twice is an error. */
  headers: Record<string, string>
  /** By content type, decoded. */
  parts: Record<string, string>
}

export function parseMail(raw: Buffer): ParsedMail {
  const { headers, body } = split(raw.toString('utf8'))
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '')?.[1]
  if (!boundary) throw new Error('the message has no parts')
  const parts = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => split(part.replace(/^\r?\n/, '')))
    .map((part) => [part.headers['content-type']?.split(';')[0] ?? '', decodeBody(part)] as const)
  return { headers, parts: Object.fromEntries(parts) }
}

function split(text: string): { headers: Record<string, string>; body: string } {
  const end = /\r?\n\r?\n/.exec(text)
  if (!end) throw new Error('the headers do not end')
  const headers: Record<string, string> = {}
  const unfolded = text.slice(0, end.index).replace(/\r?\n[ \t]+/g, ' ')
  for (const line of unfolded.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    if (name in headers) throw new Error(`two headers are called ${name}`)
    headers[name] = decodeWords(line.slice(colon + 1).trim())
  }
  return { headers, body: text.slice(end.index + end[0].length) }
}

/** RFC 2047, UTF-8 only; adjacent words join. */
const decodeWords = (text: string): string =>
  text
    .replace(/\?= =\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_all, kind: string, word: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64').toString('utf8')
        : Buffer.from(bytesOfQ(word.replaceAll('_', ' ')), 'latin1').toString('utf8'),
    )

/** `=41` -> A; each byte becomes the character of that number. */
const bytesOfQ = (text: string): string =>
  text.replace(/=([0-9A-F]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )

function decodeBody({ headers, body }: { headers: Record<string, string>; body: string }): string {
  const encoding = headers['content-transfer-encoding']?.toLowerCase()
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8')
  if (encoding === 'quoted-printable') {
    return Buffer.from(bytesOfQ(body.replace(/=\r?\n/g, '')), 'latin1').toString('utf8')
  }
  if (encoding === '7bit' || encoding === '8bit') return body
  throw new Error(`unknown encoding ${encoding}`)
}
