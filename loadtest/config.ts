/** What the load tests read from the environment. */

/** What the services of a system under test inherit, and nothing else: a run is the same anywhere. */
const INHERITED = ['PATH', 'HOME', 'TZ', 'LANG'] as const

export function serviceEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(
    INHERITED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  )
}
