/** Keys that outlive a restart, so that tokens and webhooks made before it still hold. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose'

const ALGORITHM = 'EdDSA'
const SUBJECT = 'operator'
const SECRET_BYTES = 32

export interface TokenOptions {
  issuer: string
  audience: string
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The private Ed25519 key that signs sessions, made at the first start. Mode 0600. */
export async function loadSessionKey(file: string): Promise<JWK> {
  const kept = readOrNull(file)
  if (kept !== null) {
    const key = JSON.parse(kept) as JWK
    if (key.kty !== 'OKP' || key.crv !== 'Ed25519' || !key.d) {
      throw new Error(`${file} holds no private Ed25519 key; remove it and start again`)
    }
    return key
  }
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true })
  const jwk = await exportJWK(privateKey)
  const key = { ...jwk, alg: ALGORITHM, use: 'sig', kid: await calculateJwkThumbprint(jwk) }
  writeFileSync(file, `${JSON.stringify(key)}\n`, { mode: 0o600 })
  return key
}

/** What payment and the sandbox sign webhooks with. Mode 0600. */
export function loadWebhookSecret(file: string): string {
  const kept = readOrNull(file)?.trim()
  if (kept) return kept
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  writeFileSync(file, `${secret}\n`, { mode: 0o600 })
  return secret
}

/** A token with the scope `admin`, valid for 30 days. */
export async function makeAdminToken(key: JWK, options: TokenOptions): Promise<string> {
  return new SignJWT({ scope: 'admin' })
    .setProtectedHeader({ alg: ALGORITHM, ...(key.kid && { kid: key.kid }), typ: 'JWT' })
    .setIssuer(options.issuer)
    .setAudience(options.audience)
    .setSubject(SUBJECT)
    .setIssuedAt()
    .setExpirationTime('30d')
    .sign(await importJWK(key, ALGORITHM))
}
