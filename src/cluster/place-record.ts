import { isJsonObject } from '../base/json.ts'
import { isKnownVersion, type ProtocolVersion } from '../mcp/versions.ts'
import type { Sealer } from '../storage/sealing.ts'

/**
 * Where a connection of an owner to a backend is. `session`: the backend keeps it under this id, and anybody can go on with
 * it. `process`: it lives in a replica; `gone`: that replica has ended, and what it kept with it; `url`: where its link is, because its entry may
 * be gone while it lives; `anew`: it took the place of another, and tells its client that state was lost.
 */
export type PlaceRecord =
  | {
      readonly kind: 'session'
      readonly sessionId: string
      readonly version: ProtocolVersion
      readonly anew?: boolean
    }
  | {
      readonly kind: 'process'
      readonly replica: string
      readonly url?: string
      readonly gone: boolean
      readonly anew?: boolean
    }

/** As text for the store; the id of a backend's session is sealed where there is a key. */
export function writePlace(record: PlaceRecord, key: string, sealer: Sealer | undefined): string {
  if (record.kind === 'process') return JSON.stringify(record)
  const { sessionId, version, anew } = record
  const rest = anew === true ? { version, anew } : { version }
  return JSON.stringify(
    sealer === undefined
      ? { kind: 'session', sessionId, ...rest }
      : { kind: 'session', sealed: sealer.seal(sessionId, key), ...rest },
  )
}

/**
 * Undefined for what cannot be read, by another key for example: then the connection begins anew. Where there is a key, a session
 * whose id is not sealed is none: anyone who can write to the store could lead a client into the session of another.
 */
export function readPlace(
  text: string,
  key: string,
  sealer: Sealer | undefined,
): PlaceRecord | undefined {
  const record = parse(text)
  if (!isJsonObject(record)) return undefined
  if (record['kind'] === 'process' && typeof record['replica'] === 'string') {
    const { replica, url, gone, anew } = record
    const at = typeof url === 'string' ? { url } : {}
    return { kind: 'process', replica, ...at, gone: gone === true, anew: anew === true }
  }
  const { sealed, version } = record
  const sessionId =
    sealer === undefined
      ? record['sessionId']
      : typeof sealed === 'string'
        ? sealer.open(sealed, key)?.text
        : undefined
  if (record['kind'] !== 'session' || typeof sessionId !== 'string' || !isKnownVersion(version)) {
    return undefined
  }
  return { kind: 'session', sessionId, version, anew: record['anew'] === true }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
