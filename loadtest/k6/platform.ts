/** What the SDK takes for granted on a platform, and k6 has not: `URL` and `atob`. */
import encoding from 'k6/encoding'

/** Of an address the SDK wants another path and another protocol; that much it gets. */
class Address {
  protocol: string
  readonly #rest: string

  constructor(path: string, base: string) {
    const [, protocol, authority] = /^(https?:)(\/\/[^/?#]+)/.exec(base) ?? []
    if (!protocol) throw new TypeError(`${base} is no address`)
    this.protocol = protocol
    this.#rest = `${authority}${path}`
  }

  get href(): string {
    return `${this.protocol}${this.#rest}`
  }
}

function atob(base64: string): string {
  const bytes = new Uint8Array(encoding.b64decode(base64))
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

const platform = globalThis as unknown as { URL?: unknown; atob?: unknown }
platform.URL ??= Address
platform.atob ??= atob
