import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts'
import type { Call } from '../../mcp/call.ts'
import type { ClientView, Principal } from '../../mcp/caller.ts'
import { isImplementation, isLogLevel } from '../../mcp/meta.ts'
import { isKnownVersion, VERSIONS } from '../../mcp/versions.ts'
import type { InnerCaller } from '../inner-call.ts'

/** Who a run acts for, as its journal keeps it. No credentials: headers and claims are gone after a restart. */
export interface StoredCaller {
  readonly principal: Principal
  readonly client: ClientView
  /** Id of a legacy client's session. */
  readonly session?: string | undefined
}

export function callerOf(call: Call): InnerCaller {
  const { principal, client, session, headers, source } = call
  return { principal, client, session, headers, source, trace: traceOf(call) }
}

/** 2026-07-28, `_meta`: these names belong to W3C Trace Context. */
const TRACE_KEYS = ['traceparent', 'tracestate', 'baggage']

function traceOf({ params }: Call): JsonObject | undefined {
  const meta = params['_meta']
  if (!isJsonObject(meta)) return undefined
  const found = TRACE_KEYS.flatMap((key) => (meta[key] === undefined ? [] : [[key, meta[key]]]))
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

/** For the journal of a run. */
export function toCallerRecord({ principal, client, session }: InnerCaller): JsonObject {
  const { kind, binding, name } = principal
  const { era, version, capabilities, info, logLevel } = client
  return {
    principal: defined({ kind, binding, name }),
    client: defined({ era, version, capabilities, info, logLevel }),
    ...(session === undefined ? undefined : { session: session.id }),
  }
}

/** Undefined for a record that another version wrote and this one cannot read. */
export function fromCallerRecord(record: JsonObject): StoredCaller | undefined {
  const { principal, client, session } = record
  if (!isJsonObject(principal) || !isJsonObject(client)) return undefined
  const { kind, binding, name } = principal
  const { version, capabilities, info, logLevel } = client
  const isKind = kind === 'anonymous' || kind === 'local' || kind === 'oidc'
  if (!isKind || typeof binding !== 'string' || !isKnownVersion(version)) return undefined
  return {
    principal: { kind, binding, ...(typeof name === 'string' ? { name } : undefined) },
    client: {
      era: VERSIONS[version].era,
      version,
      capabilities: isJsonObject(capabilities) ? capabilities : {},
      ...(isImplementation(info) ? { info } : undefined),
      ...(isLogLevel(logLevel) ? { logLevel } : undefined),
    },
    ...(typeof session === 'string' ? { session } : undefined),
  }
}

function defined(object: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
