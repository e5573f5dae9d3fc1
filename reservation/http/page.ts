/**
 * The page at `/`: the seat picker as the build left it, read once and kept in memory together with
 * its compressed form. Where nothing was built, a few words say what this server is.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { matches, notModified } from './conditional.ts'
import { problem, type Reply } from './reply.ts'

/** Request headers that decide in which form a part of the page is sent. */
export const PAGE_HEADERS = ['accept-encoding', 'if-none-match'] as const
export type PageHeaders = Readonly<Record<string, string>>

/** Everything the page may do: load its own parts, and talk to this server. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const GUARDS = [
  ['Content-Security-Policy', POLICY],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=()'],
] as const

/** The name of an asset says its content, so it is fresh for ever; the page itself is asked for. */
const ASSET_MAX_AGE = 'public, max-age=31536000, immutable'
const PAGE_MAX_AGE = 'no-cache'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast</title>
<h1>Holdfast</h1>
<p>Seats held, paid and ticketed. The seat picker has not been built here (<code>npm run build</code>);
this server speaks HTTP, WebSocket and JSON:</p>
<ul>
<li><a href="/v1/shows">/v1/shows</a>: what can be booked
<li><a href="/openapi.json">/openapi.json</a>: every call, as OpenAPI 3.1
<li><a href="/asyncapi.json">/asyncapi.json</a>: every message, as AsyncAPI 3.0
</ul>
</html>
`

interface Part {
  readonly contentType: string
  readonly plain: Uint8Array
  readonly gzip: Uint8Array
  readonly etag: string
}

function partOf(name: string, plain: Uint8Array): Part {
  const contentType = TYPES[extname(name)] ?? 'application/octet-stream'
  const digest = createHash('sha256').update(plain).digest('base64url')
  return {
    contentType,
    plain,
    gzip: gzipSync(plain, { level: 9 }),
    etag: `"${digest.slice(0, 22)}"`,
  }
}

export class Page {
  readonly #index: Part
  readonly #assets: ReadonlyMap<string, Part>

  constructor(index: Part, assets: ReadonlyMap<string, Part>) {
    this.#index = index
    this.#assets = assets
  }

  /** Reads what was built into `folder`; nothing there is no fault. */
  static load(folder: string): Page {
    const index = readOr(join(folder, 'index.html'), Buffer.from(NOT_BUILT))
    const assets = new Map<string, Part>()
    for (const name of namesIn(join(folder, 'assets'))) {
      assets.set(name, partOf(name, readFileSync(join(folder, 'assets', name))))
    }
    return new Page(partOf('index.html', index), assets)
  }

  /** `GET /` */
  index(headers: PageHeaders): Reply {
    return replyOf(this.#index, headers, [...GUARDS, ['Cache-Control', PAGE_MAX_AGE]])
  }

  /** `GET /assets/{file}` */
  asset(file: string, headers: PageHeaders): Reply {
    const part = this.#assets.get(file)
    if (!part) return problem('not-found', 'the page has no such part')
    const nosniff = ['X-Content-Type-Options', 'nosniff'] as const
    return replyOf(part, headers, [nosniff, ['Cache-Control', ASSET_MAX_AGE]])
  }
}

function replyOf(part: Part, headers: PageHeaders, own: NonNullable<Reply['headers']>): Reply {
  const { contentType, plain, gzip, etag } = part
  const validators = [...own, ['ETag', etag], ['Vary', 'Accept-Encoding']] as const
  if (matches(headers['if-none-match'] ?? '', etag)) return notModified(validators)
  const isPacked = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(headers['accept-encoding'] ?? '')
  if (!isPacked) return { status: 200, headers: validators, contentType, body: plain }
  const packed = [...validators, ['Content-Encoding', 'gzip']] as const
  return { status: 200, headers: packed, contentType, body: gzip }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

function readOr(file: string, otherwise: Uint8Array): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    if (isMissing(error)) return otherwise
    throw error
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
