import { Cancellation } from '../../../base/cancellation.ts'
import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { BackendRequest } from '../../backend-connection.ts'
import { mcpErrors } from '../../errors.ts'
import { isImplementation, META_SERVER_INFO } from '../../meta.ts'
import type { ServerDescription } from '../../messages.ts'
import { parseRawResult } from '../../raw-response.ts'
import type { Reply } from '../../reply.ts'
import { isKnownVersion, LATEST_LEGACY, VERSIONS } from '../../versions.ts'
import type { ProtocolVersion } from '../../versions.ts'
import type { ConnectOptions } from '../connect-options.ts'

export interface Handshake {
  readonly version: ProtocolVersion
  readonly server: ServerDescription
}

/** `initialize` of all legacy revisions. */
export function initializeRequest(options: ConnectOptions): BackendRequest {
  return ownRequest(options, 'initialize', options.connectTimeoutMs, {
    protocolVersion: LATEST_LEGACY,
    capabilities: options.capabilities,
    clientInfo: options.clientInfo,
  })
}

/** `server/discover` of 2026-07-28: asks without changing anything, so it is also the probe of the era. */
export function discoverRequest(options: ConnectOptions, timeoutMs: number): BackendRequest {
  return {
    ...ownRequest(options, 'server/discover', timeoutMs, {}),
    capabilities: options.capabilities,
  }
}

function ownRequest(
  options: ConnectOptions,
  method: string,
  timeoutMs: number,
  params: JsonObject,
): BackendRequest {
  const cancellation = new Cancellation()
  const { signal } = options
  if (signal?.aborted) cancellation.cancel('connecting was given up')
  else signal?.addEventListener('abort', () => cancellation.cancel('connecting was given up'))
  return {
    method,
    params,
    capabilities: {},
    wantsProgress: false,
    cancellation,
    timeouts: { idleMs: 0, absoluteMs: timeoutMs },
  }
}

/** Reads the answer to `initialize`. Throws BACKEND_PROTOCOL. */
export function readInitialize(backend: string, reply: Reply): Handshake {
  const result = resultOf(reply)
  if (result === undefined) {
    const said = reply.kind === 'error' ? `: ${reply.error.message.slice(0, 500)}` : ''
    throw protocolError(backend, `initialize was refused${said}`)
  }
  const version = result['protocolVersion']
  if (!isKnownVersion(version) || VERSIONS[version].era !== 'legacy') {
    throw protocolError(
      backend,
      `initialize chose the version ${JSON.stringify(version)?.slice(0, 100)}, which we do not speak`,
    )
  }
  return { version, server: describe(result, result['serverInfo']) }
}

/** Reads the answer to `server/discover`: the versions it supports, and who it is. Undefined: not such an answer. */
export function readDiscover(
  reply: Reply,
): { versions: readonly string[]; server: ServerDescription } | undefined {
  const result = resultOf(reply)
  const versions = result?.['supportedVersions']
  if (result === undefined || !Array.isArray(versions)) return undefined
  const meta = result['_meta']
  const info = isJsonObject(meta) ? meta[META_SERVER_INFO] : undefined
  return {
    versions: versions.filter((each) => typeof each === 'string'),
    server: describe(result, info ?? result['serverInfo']),
  }
}

export function protocolError(backend: string, reason: string) {
  return mcpErrors.BACKEND_PROTOCOL({ backend, reason, ran: 'no' })
}

/** Instructions are part of every handshake with every client; nobody reads more. */
const MAX_INSTRUCTIONS_CHARS = 64 * 1024

/** What we say of a server that said nothing of itself. */
export const UNKNOWN_SERVER: ServerDescription = {
  info: { name: 'unknown', version: '' },
  capabilities: {},
}

function resultOf(reply: Reply): JsonObject | undefined {
  if (reply.kind !== 'raw') return undefined
  const result = parseRawResult(reply.response)
  return isJsonObject(result) ? result : undefined
}

function describe(result: JsonObject, info: unknown): ServerDescription {
  const { capabilities, instructions } = result
  return {
    info: isImplementation(info) ? info : UNKNOWN_SERVER.info,
    capabilities: isJsonObject(capabilities) ? capabilities : {},
    ...(typeof instructions === 'string'
      ? { instructions: instructions.slice(0, MAX_INSTRUCTIONS_CHARS) }
      : {}),
  }
}
