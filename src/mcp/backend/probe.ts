import { isAppError } from '../../base/errors.ts'
import type { AppError } from '../../base/errors.ts'
import { isJsonObject } from '../../base/json.ts'
import type { BackendRequest } from '../backend-connection.ts'
import type { ServerDescription } from '../messages.ts'
import type { Reply } from '../reply.ts'
import { isKnownVersion, LATEST_MODERN, VERSIONS } from '../versions.ts'
import type { ConnectOptions } from './connect-options.ts'
import { discoverRequest, readDiscover, UNKNOWN_SERVER } from './legacy/handshake.ts'

/**
 * What `server/discover` says of a backend's era. `legacy` is a guess that `initialize` has to confirm. `inconclusive`: it
 * could not be asked now, and nobody should remember the answer. `foreign`: modern, but no version in common.
 */
export type Verdict =
  | { readonly kind: 'modern'; readonly server: ServerDescription }
  | { readonly kind: 'legacy' }
  | { readonly kind: 'foreign'; readonly error: AppError; readonly supported: readonly unknown[] }
  | { readonly kind: 'inconclusive'; readonly error: AppError }

/** Asks with the one request that has no side effect: servers of 2025 execute a tools/call without any handshake. */
export async function probe(
  send: (request: BackendRequest) => Promise<Reply>,
  options: ConnectOptions,
  timeoutMs: number,
): Promise<Verdict> {
  const ask = async (): Promise<Verdict> => {
    try {
      return judgeReply(await send(discoverRequest(options, timeoutMs)))
    } catch (error) {
      if (!isAppError(error)) throw error
      return judgeFailure(error)
    }
  }
  const verdict = await ask()
  // It refuses our version and names it as supported: the client picks one of the named and tries again.
  return verdict.kind === 'foreign' && verdict.supported.includes(LATEST_MODERN) ? ask() : verdict
}

function judgeReply(reply: Reply): Verdict {
  if (reply.kind !== 'raw') return { kind: 'legacy' }
  const found = readDiscover(reply)
  if (found?.versions.includes(LATEST_MODERN)) return { kind: 'modern', server: found.server }
  // Some SDK shims discover legacy versions only.
  if (found?.versions.some(isLegacy)) return { kind: 'legacy' }
  return reply.response.resultType === undefined
    ? { kind: 'legacy' }
    : { kind: 'modern', server: UNKNOWN_SERVER }
}

function judgeFailure(error: AppError): Verdict {
  switch (error.code) {
    case 'MCP_BACKEND_HTTP':
      return isTransient(error.details['httpStatus'])
        ? { kind: 'inconclusive', error }
        : { kind: 'legacy' }
    case 'MCP_BACKEND_PROTOCOL':
      return judgeProtocolError(error)
    case 'MCP_CLIENT_CANNOT_ANSWER':
      return { kind: 'modern', server: UNKNOWN_SERVER }
    default:
      return { kind: 'inconclusive', error }
  }
}

/** -32022 names the versions it supports; -32020 can only come from a modern server. Anything else is no MCP of today. */
function judgeProtocolError(error: AppError): Verdict {
  const rpc = error.details['rpcError']
  if (!isJsonObject(rpc)) return { kind: 'legacy' }
  const listed = isJsonObject(rpc['data']) ? rpc['data']['supported'] : undefined
  const supported = Array.isArray(listed) ? listed : []
  if (!supported.includes(LATEST_MODERN) && supported.some(isLegacy)) return { kind: 'legacy' }
  return { kind: 'foreign', error, supported }
}

function isLegacy(version: unknown): boolean {
  return isKnownVersion(version) && VERSIONS[version].era === 'legacy'
}

const TRANSIENT = new Set<unknown>([401, 403, 407, 408, 429, 502, 503, 504])

/** 500 and 501 are how some legacy servers answer what they do not know. */
function isTransient(httpStatus: unknown): boolean {
  return TRANSIENT.has(httpStatus)
}
