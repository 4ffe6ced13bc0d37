import { createHash } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { isLogLevel } from '../mcp/meta.ts'
import type { Implementation, LogLevel } from '../mcp/messages.ts'
import { isKnownVersion, type ProtocolVersion } from '../mcp/versions.ts'

/** The level a legacy client gets that never set one. */
export const DEFAULT_LOG_LEVEL: LogLevel = 'info'

/** What another process needs to go on with a session. No secrets: of the principal there is only a digest. */
export interface SessionRecord {
  /** `bindingDigest` of the principal. */
  readonly binding: string
  readonly version: ProtocolVersion
  readonly capabilities: JsonObject
  readonly info?: Implementation
  readonly logLevel: LogLevel
  /** Resources the client follows. */
  readonly subscriptions: readonly string[]
  /** Backends that offer something else to this session than to all. */
  readonly ownOffers: readonly string[]
  /** The replica that holds the client's standalone stream. */
  readonly streamAt?: string
}

/**
 * What stands in place of the record of a session that was ended, for as long as a replica may have a view of it: a record that
 * is merely missing was lost by the store, and is written again.
 */
export const ENDED_RECORD = 'ended'

/** What a session is bound to, as it may be stored. */
export function bindingDigest(binding: string): string {
  return createHash('sha256').update(binding).digest('base64url')
}

export function writeRecord(record: SessionRecord): string {
  return JSON.stringify({ format: 2, ...record })
}

/** Undefined for a record that cannot be read: then the client has to initialize again. */
export function readRecord(text: string): SessionRecord | undefined {
  const record = parse(text)
  if (!isJsonObject(record)) return undefined
  const { format, binding, version, capabilities, info, logLevel, streamAt } = record
  if (typeof binding !== 'string' || !isKnownVersion(version)) return undefined
  if (format !== 1 && format !== 2) return undefined
  return {
    // Before, the binding itself was stored.
    binding: format === 1 ? bindingDigest(binding) : binding,
    version,
    capabilities: isJsonObject(capabilities) ? capabilities : {},
    ...(isJsonObject(info) ? { info: info as Implementation } : {}),
    logLevel: isLogLevel(logLevel) ? logLevel : DEFAULT_LOG_LEVEL,
    subscriptions: textsOf(record['subscriptions']),
    ownOffers: textsOf(record['ownOffers']),
    ...(typeof streamAt === 'string' ? { streamAt } : {}),
  }
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
