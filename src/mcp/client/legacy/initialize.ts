import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { ClientView, Principal } from '../../caller.ts'
import type { ClientSession, SessionOrigin } from '../../client-session.ts'
import { isImplementation } from '../../meta.ts'
import type { RpcError, RpcRequest } from '../../messages.ts'
import { INVALID_PARAMS } from '../../rpc-codes.ts'
import { isAtLeast, negotiateLegacy } from '../../versions.ts'
import type { ProtocolVersion } from '../../versions.ts'
import type { EdgeContext } from '../context.ts'
import { toFailure } from '../failure.ts'

export type Initialized =
  | { readonly kind: 'initialized'; readonly session: ClientSession; readonly result: JsonObject }
  | { readonly kind: 'refused'; readonly error: RpcError; readonly status: number }

/** Makes the session of a legacy client. Never waits for a backend. */
export async function initialize(
  context: EdgeContext,
  message: RpcRequest,
  principal: Principal,
  from?: SessionOrigin,
): Promise<Initialized> {
  const params = message.params ?? {}
  const requested = params['protocolVersion']
  if (typeof requested !== 'string') {
    const error = { code: INVALID_PARAMS, message: 'Member "protocolVersion" must be a string' }
    return { kind: 'refused', error, status: 200 }
  }
  const version = negotiateLegacy(requested)
  const capabilities = isJsonObject(params['capabilities']) ? params['capabilities'] : {}
  const info = params['clientInfo']
  const client = { version, capabilities, ...(isImplementation(info) ? { info } : {}) }
  try {
    const session = await context.port.sessions.create({
      ...client,
      principal,
      ...(from && { from }),
    })
    return {
      kind: 'initialized',
      session,
      result: initializeResult(context, session.client, principal),
    }
  } catch (thrown) {
    const { error, status } = toFailure(thrown, 'legacy', context)
    return { kind: 'refused', error, status }
  }
}

function initializeResult(
  { port }: EdgeContext,
  client: ClientView,
  principal: Principal,
): JsonObject {
  const { info, capabilities, instructions } = port.describe(client, principal)
  const result: JsonObject = {
    protocolVersion: client.version,
    capabilities: capabilitiesFor(capabilities, client.version),
    serverInfo: serverInfoFor(info, client.version),
  }
  if (instructions !== undefined) result['instructions'] = instructions
  return result
}

function capabilitiesFor(capabilities: JsonObject, version: ProtocolVersion): JsonObject {
  const own: JsonObject = { ...capabilities }
  if (!isAtLeast(version, '2025-11-25')) {
    delete own['tasks']
    delete own['extensions']
  }
  if (!isAtLeast(version, '2025-03-26')) delete own['completions']
  return own
}

function serverInfoFor(info: JsonObject, version: ProtocolVersion): JsonObject {
  if (isAtLeast(version, '2025-11-25')) return info
  const { icons, websiteUrl, description, title, ...rest } = info
  return isAtLeast(version, '2025-06-18') && title !== undefined ? { ...rest, title } : rest
}
