import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export interface ComposeService {
  build?: string
  image: string
  profiles: string[]
  restart?: string
  command?: string[]
  environment?: Record<string, string | number>
  ports?: string[]
  volumes?: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[]; timeout: string }
}

export interface ComposeFile {
  name: string
  services: Record<string, ComposeService>
  volumes: Record<string, null>
}

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export const COMPOSE_TEXT = readFileSync(`${ROOT}docker-compose.yml`, 'utf8')

/** Reads the file as Compose does: YAML 1.2 with merge keys. Variables are not replaced yet. */
export const parseCompose = (text: string): ComposeFile => parse(text, { merge: true })

/**
 * Replaces `${NAME:-default}` by the environment's value or the default, and `$$` by `$`.
 * @throws Error on any other form, which the file has no need of.
 */
export function interpolate(text: string, env: Readonly<Record<string, string>> = {}): string {
  return text.replace(/\$(?:\$|\{(\w+):-([^}]*)\})?/g, (whole, name, fallback) => {
    if (whole === '$$') return '$'
    if (name === undefined) throw new Error(`not a variable with a default: ${text}`)
    return env[name] || fallback
  })
}

/** Replaces the variables in every text of a parsed file, as Compose does before it validates. */
export function interpolateAll(value: unknown): unknown {
  if (typeof value === 'string') return interpolate(value)
  if (Array.isArray(value)) return value.map(interpolateAll)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, interpolateAll(inner)]),
  )
}

/** A service's environment as its process will see it. */
export function environmentOf(
  service: ComposeService,
  env: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(service.environment ?? {}).map(([name, value]) => [
      name,
      interpolate(String(value), env),
    ]),
  )
}
