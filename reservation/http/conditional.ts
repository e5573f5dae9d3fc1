/** Conditional requests (RFC 9110, 13). */
import type { Reply } from './reply.ts'

/** Whether an If-None-Match header names the validator; weak comparison, as for GET. */
export function matches(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === '') return false
  if (ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
}

export const notModified = (headers: Reply['headers']): Reply => ({
  status: 304,
  ...(headers && { headers }),
})

/**
 * Whether an Accept header asks for raw bytes rather than JSON: the media type must be named, for
 * what accepts anything gets JSON.
 */
export function prefersBytes(accept: string): boolean {
  const bytes = qualityOf(accept, 'application/octet-stream')
  return bytes > 0 && bytes > qualityOf(accept, 'application/json')
}

/** The quality of exactly this media type in an Accept header; 0 when it is not named. */
function qualityOf(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim())
    if (name !== type) continue
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    return quality ? Number(quality.slice(2)) || 0 : 1
  }
  return 0
}
