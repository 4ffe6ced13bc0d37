import { readFileSync } from 'node:fs'
import { DEFAULT_KEY_ENV, type ClusterConfig } from '../cluster/config.ts'
import { clusterErrors } from '../cluster/errors.ts'
import type { Env } from './config/resolve-env.ts'

const MIN_KEY_CHARS = 32

/**
 * The keys of the fleet as configured, the one in use first; none, if there are none. Throws CLUSTER_NO_KEY for what is named and
 * unusable.
 */
export function fleetSecrets(section: ClusterSection, env: Env): readonly Buffer[] {
  const keyFile = section?.keyFile
  if (keyFile !== undefined) return checked(readKeyFile(keyFile), `the file "${keyFile}"`)
  const name = section?.keyEnv ?? DEFAULT_KEY_ENV
  const value = env[name]
  if (value !== undefined && value !== '') return checked(value, `the variable ${name}`)
  if (name === DEFAULT_KEY_ENV) return []
  throw clusterErrors.NO_KEY({ source: `the variable ${name}`, reason: 'it is not set' })
}

type ClusterSection = Pick<ClusterConfig, 'keyEnv' | 'keyFile'> | undefined

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = (error as Error).message
    throw clusterErrors.NO_KEY({ source: `the file "${path}"`, reason }, error)
  }
}

/** Several keys stand in lines of their own, or have commas between them. */
function checked(text: string, source: string): readonly Buffer[] {
  const keys = text
    .split(/[\n,]/)
    .map((key) => key.trim())
    .filter((key) => key !== '')
  if (keys.length === 0) keys.push('')
  return keys.map((key) => {
    if (key.length >= MIN_KEY_CHARS) return Buffer.from(key)
    const reason = `it has ${key.length} characters, at least ${MIN_KEY_CHARS} are needed`
    throw clusterErrors.NO_KEY({ source, reason })
  })
}
