/** Reads a file of lines in pieces: it may be longer than the longest string. */
import { readSync } from 'node:fs'

const PIECE_BYTES = 1024 * 1024
const NEWLINE = 0x0a

/** Calls `take` for every complete, non-empty line; what follows the last newline is torn. */
export function readLines(
  file: number,
  take: (line: string) => void,
): { lines: number; tornBytes: number } {
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  let lines = 0
  for (let position = 0; ; ) {
    const bytes = readSync(file, piece, 0, PIECE_BYTES, position)
    if (bytes === 0) return { lines, tornBytes: rest.length }
    position += bytes
    // The piece is reused, so what is left of it must be a copy; concat makes one.
    const content = Buffer.concat([rest, piece.subarray(0, bytes)])
    let start = 0
    for (;;) {
      const end = content.indexOf(NEWLINE, start)
      if (end < 0) break
      if (end > start) {
        take(content.toString('utf8', start, end))
        lines += 1
      }
      start = end + 1
    }
    rest = content.subarray(start)
  }
}
