/** The page at `/`: what this is, and where to go on. It needs no script and loads nothing. */
import { createHash } from 'node:crypto'
import type { Reply } from './reply.ts'

const STYLE = `
:root { color-scheme: light dark; font: 1.0625rem/1.6 system-ui, sans-serif }
body { max-width: 36rem; margin: 12vh auto; padding: 0 1.5rem }
h1 { font-size: 1.75rem; letter-spacing: -0.02em; margin: 0 0 0.5rem }
dt { margin-top: 1.25rem; font-family: ui-monospace, monospace }
dd { margin: 0; opacity: 0.8 }
`

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast</title>
<style>${STYLE}</style>
<h1>Holdfast</h1>
<p>Seats held, paid and ticketed. This server speaks HTTP and JSON; the seat picker is not
installed here.</p>
<dl>
<dt><a href="/v1/shows">/v1/shows</a></dt><dd>what can be booked</dd>
<dt><a href="/openapi.json">/openapi.json</a></dt><dd>every call, as OpenAPI 3.1</dd>
<dt><a href="/asyncapi.json">/asyncapi.json</a></dt><dd>every message, as AsyncAPI 3.0</dd>
<dt><a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a></dt><dd>how the server is</dd>
</dl>
</html>
`

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Nothing may be loaded, framed or sent anywhere; the one style sheet is named by its hash. */
const POLICY = [
  "default-src 'none'",
  `style-src ${hashOf(STYLE)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const staticPage = (): Reply => ({
  status: 200,
  headers: [
    ['Content-Security-Policy', POLICY],
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'no-referrer'],
    ['Cache-Control', 'no-cache'],
  ],
  contentType: 'text/html; charset=utf-8',
  body: PAGE,
})
