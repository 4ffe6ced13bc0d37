import type { OutgoingAuthConfig, OutgoingStrategy } from '../../auth/config.ts'
import { isHeaderValue } from '../../schema/fields.ts'
import { parseSealingKey } from '../../storage/sealing.ts'

/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>

/** A field that names an environment variable which cannot be used. */
export interface EnvFinding {
  readonly path: readonly PropertyKey[]
  readonly reason: string
}

const SECTIONS = ['incomingAuth', 'outgoingAuth', 'sessionStorage']

/** Checks that every variable a `…Env` field of these sections names is set, and fit for what it is used for. */
export function checkEnvFields(file: unknown, env: Env): EnvFinding[] {
  const findings: EnvFinding[] = []
  const walk = (value: unknown, path: PropertyKey[]): void => {
    if (typeof value !== 'object' || value === null || path.length > 12) return
    for (const [key, child] of Object.entries(value)) {
      const childPath = [...path, Array.isArray(value) ? Number(key) : key]
      if (typeof child === 'string' && key.endsWith('Env')) {
        const reason = envProblem(child, key, env)
        if (reason !== undefined) findings.push({ path: childPath, reason })
      } else {
        walk(child, childPath)
      }
    }
  }
  for (const section of SECTIONS) {
    if (typeof file !== 'object' || file === null || !Object.hasOwn(file, section)) continue
    walk((file as Record<string, unknown>)[section], [section])
  }
  return findings
}

/** Puts the values of `headerValueEnv` in place. They are secrets: the result belongs into no log. */
export function resolveHeaderValues(outgoing: OutgoingAuthConfig, env: Env): OutgoingAuthConfig {
  const resolve = (strategy: OutgoingStrategy): OutgoingStrategy => {
    const injection = strategy.headerInjection
    if (injection?.headerValueEnv === undefined) return strategy
    const { headerValueEnv, ...rest } = injection
    return { ...strategy, headerInjection: { ...rest, headerValue: env[headerValueEnv] ?? '' } }
  }
  const backends: Record<string, OutgoingStrategy> = Object.create(null)
  for (const [name, strategy] of Object.entries(outgoing.backends)) {
    backends[name] = resolve(strategy)
  }
  const fallback = outgoing.default === undefined ? {} : { default: resolve(outgoing.default) }
  return { source: outgoing.source, ...fallback, backends }
}

function envProblem(name: string, field: string, env: Env): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined) return `names the environment variable ${name}, which is not set`
  if (value === '') return `names the environment variable ${name}, which is empty`
  if (field === 'headerValueEnv' && !isHeaderValue(value)) {
    return `names the environment variable ${name}, whose value is not fit for a header`
  }
  if (field === 'keyEnv' && parseSealingKey(value) === undefined) {
    return `names the environment variable ${name}, whose value is no key: 32 bytes in base64 or hexadecimal`
  }
  return undefined
}
