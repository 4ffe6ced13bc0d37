import type { IncomingHttpHeaders } from 'node:http'
import type { JsonObject } from '../../../base/json.ts'
import type { ClientView, Principal } from '../../caller.ts'
import {
  checkParamHeaders,
  decodeHeaderValue,
  METHOD_HEADER,
  NAME_HEADER,
  nameHeaderSource,
  VERSION_HEADER,
} from '../../mcp-headers.ts'
import { parseEnvelope } from '../../meta.ts'
import type { Envelope } from '../../meta.ts'
import type { RpcError, RpcRequest } from '../../messages.ts'
import {
  HEADER_MISMATCH,
  INVALID_PARAMS,
  METHOD_NOT_FOUND,
  UNSUPPORTED_VERSION,
} from '../../rpc-codes.ts'
import { ALL_VERSIONS, isKnownVersion, MODERN_VERSIONS, VERSIONS } from '../../versions.ts'
import type { ProtocolVersion } from '../../versions.ts'
import type { EdgeContext } from '../context.ts'
import type { ModernRequest } from './modern-request.ts'

export type CheckedModern =
  | { readonly kind: 'request'; readonly request: ModernRequest }
  | { readonly kind: 'refused'; readonly error: RpcError; readonly status: number }

/** Methods of other versions; whatever else we do not know is for the gateway to judge. */
const ABSENT = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/result',
  'tasks/list',
])

/**
 * Envelope, version, standard headers, method, parameter headers, in the order of mcp-spec 2.1. On stdio there are no
 * headers to check.
 */
export function checkModernRequest(
  context: EdgeContext,
  message: RpcRequest,
  principal: Principal,
  headers: IncomingHttpHeaders | undefined,
): CheckedModern {
  const { method } = message
  const params = message.params ?? {}
  const outcome = parseEnvelope(params)
  if (outcome.kind === 'invalid') {
    return refused(INVALID_PARAMS, `Invalid request metadata: ${outcome.problems.join('; ')}`)
  }
  const { envelope } = outcome
  const { version } = envelope
  if (headers && headers[VERSION_HEADER] !== version) {
    return mismatch('MCP-Protocol-Version', headers[VERSION_HEADER], version)
  }
  if (!isModern(version)) return unsupported(version)
  if (headers) {
    if (headers[METHOD_HEADER] !== method) {
      return mismatch('Mcp-Method', headers[METHOD_HEADER], method)
    }
    const refusal = checkName(headers, method, params)
    if (refusal) return refusal
  }
  if (ABSENT.has(method)) return refused(METHOD_NOT_FOUND, `Method not found: ${method}`, 404)
  const client = viewOf(version, envelope)
  if (headers && method === 'tools/call') {
    const name = params['name']
    const annotated =
      typeof name === 'string' ? context.port.toolParamHeaders(name, client, principal) : undefined
    const problem = annotated && checkParamHeaders(annotated, params['arguments'], headers)
    if (problem !== undefined) return refused(HEADER_MISMATCH, problem)
  }
  const request = { message, client, principal, ...(headers ? { headers } : {}) }
  return { kind: 'request', request }
}

function checkName(
  headers: IncomingHttpHeaders,
  method: string,
  params: JsonObject,
): CheckedModern | undefined {
  const source = nameHeaderSource(method)
  const wanted = source === undefined ? undefined : params[source]
  // Without the member the request is malformed, and that is the better thing to say.
  if (typeof wanted !== 'string') return undefined
  const header = headers[NAME_HEADER]
  const given = typeof header === 'string' ? decodeHeaderValue(header) : undefined
  return given === wanted ? undefined : mismatch('Mcp-Name', header, wanted)
}

function isModern(version: string): version is ProtocolVersion {
  return isKnownVersion(version) && VERSIONS[version].era === 'modern'
}

function unsupported(requested: string): CheckedModern {
  // A legacy version is supported, but not in an envelope.
  const supported = isKnownVersion(requested) ? MODERN_VERSIONS : ALL_VERSIONS
  const message = `Unsupported protocol version ${JSON.stringify(requested)}`
  const data = { supported: [...supported], requested }
  return { kind: 'refused', error: { code: UNSUPPORTED_VERSION, message, data }, status: 400 }
}

function mismatch(
  name: string,
  header: string | string[] | undefined,
  wanted: string,
): CheckedModern {
  const body = JSON.stringify(wanted)
  const message =
    header === undefined
      ? `Header ${name} is missing: the body says ${body}`
      : `Header ${name} is ${JSON.stringify(header)}, the body says ${body}`
  return refused(HEADER_MISMATCH, message)
}

function refused(code: number, message: string, status = 400): CheckedModern {
  return { kind: 'refused', error: { code, message }, status }
}

function viewOf(version: ProtocolVersion, envelope: Envelope): ClientView {
  const { capabilities, clientInfo, logLevel } = envelope
  return {
    era: 'modern',
    version,
    capabilities,
    ...(clientInfo ? { info: clientInfo } : {}),
    ...(logLevel ? { logLevel } : {}),
  }
}
