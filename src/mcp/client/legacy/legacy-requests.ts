import type { IncomingHttpHeaders } from 'node:http'
import { isLogLevel } from '../../meta.ts'
import { LOG_LEVELS } from '../../messages.ts'
import type { RpcError, RpcNotification, RpcRequest } from '../../messages.ts'
import { renderError, renderPlain } from '../../render-reply.ts'
import { INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND } from '../../rpc-codes.ts'
import type { Exchange } from '../exchange.ts'
import { LegacyCall } from './legacy-call.ts'
import type { LegacyPeer } from './legacy-peer.ts'

/** Methods of the modern era that mean something else here: they do not exist. */
const ABSENT = new Set(['server/discover', 'subscriptions/listen', 'tasks/update'])

/** Answers one request of a session; whatever is not the edge's own business becomes a call. */
export function serveLegacyRequest(
  peer: LegacyPeer,
  message: RpcRequest,
  exchange: Exchange,
  headers: IncomingHttpHeaders | undefined,
): void {
  const { id, method } = message
  if (method === 'ping') exchange.respond([renderPlain(id, {})])
  else if (method === 'logging/setLevel') setLevel(peer, message, exchange)
  else if (method === 'initialize') {
    exchange.respond([refusal(message, INVALID_REQUEST, 'This session is initialized already')])
  } else if (ABSENT.has(method)) {
    exchange.respond([refusal(message, METHOD_NOT_FOUND, `Method not found: ${method}`)])
  } else if (peer.inFlight(id)) {
    const text = `Request id ${JSON.stringify(id)} is in flight already`
    exchange.respond([refusal(message, INVALID_REQUEST, text)])
  } else new LegacyCall(peer.context, peer, message, exchange, headers).start()
}

/** Acts on one notification of a session. A promise: other replicas are told of it. */
export function serveLegacyNotification(
  peer: LegacyPeer,
  message: RpcNotification,
): Promise<void> | undefined {
  const params = message.params ?? {}
  if (message.method === 'notifications/initialized') return undefined
  if (message.method === 'notifications/cancelled') return peer.cancel(message)
  peer.context.port.clientNotification(peer.session, message.method, params)
  return undefined
}

function setLevel(peer: LegacyPeer, message: RpcRequest, exchange: Exchange): void {
  const level = message.params?.['level']
  if (!isLogLevel(level)) {
    const text = `Cannot set the log level to ${JSON.stringify(level)}: use one of ${LOG_LEVELS.join(', ')}`
    exchange.respond([refusal(message, INVALID_PARAMS, text)])
    return
  }
  const stored = peer.context.port.sessions.setLogLevel(peer.session, level)
  const answer = (): void => exchange.respond([renderPlain(message.id, {})])
  if (stored === undefined) answer()
  else void stored.then(answer)
}

function refusal(message: RpcRequest, code: number, text: string): Buffer {
  const error: RpcError = { code, message: text }
  return renderError(message.id, error)
}
