/**
 * Whose pages may open the feed. A browser sends cookies and reaches private networks on behalf of
 * any page, and WebSockets know no same-origin policy; so a page of somebody else is refused.
 */

/**
 * Whether a connection with this `Origin` header may come in. Without the header it is no browser.
 *
 * @param allowed origins as browsers send them; empty: those of the host that was asked
 * @param host the `Host` header
 */
export function isOriginAllowed(
  origin: string,
  { allowed, host }: { allowed: readonly string[]; host: string },
): boolean {
  if (origin === '') return true
  if (allowed.length > 0) return allowed.includes(origin)
  const url = urlOf(origin)
  return url !== null && url.host !== '' && url.host === host.toLowerCase()
}

function urlOf(text: string): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}

/** Reads ALLOWED_ORIGINS: `https://a.example,https://b.example`. Null when it is not that. */
export function parseOrigins(list: string): string[] | null {
  const origins = list.split(',').map((one) => one.trim())
  return origins.every((one) => urlOf(one)?.origin === one) ? origins : null
}
