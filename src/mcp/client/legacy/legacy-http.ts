import type { HttpRequest, HttpResponse } from '../../../net/http-message.ts'
import type { Principal } from '../../caller.ts'
import { classify } from '../../classify.ts'
import type { Classified } from '../../classify.ts'
import type { ClientSession, SessionLookup, SessionOrigin } from '../../client-session.ts'
import { SESSION_HEADER, VERSION_HEADER } from '../../mcp-headers.ts'
import type { RequestId, RpcRequest } from '../../messages.ts'
import { renderError, renderPlain } from '../../render-reply.ts'
import { GATEWAY_OVERLOADED, INVALID_REQUEST } from '../../rpc-codes.ts'
import { isAtLeast, isKnownVersion, LEGACY_VERSIONS, VERSIONS } from '../../versions.ts'
import type { EdgeContext } from '../context.ts'
import type { Exchange } from '../exchange.ts'
import { toFailure } from '../failure.ts'
import { answerEmpty, answerError, answerJson } from '../http/http-answer.ts'
import type { Forward } from '../http/forward.ts'
import { HttpExchange } from '../http/http-exchange.ts'
import type { Accepts, EventSink } from '../http/http-exchange.ts'
import { initialize } from './initialize.ts'
import { LegacyPeer } from './legacy-peer.ts'
import { serveLegacyNotification, serveLegacyRequest } from './legacy-requests.ts'
import { LiveSink } from '../http/live-sink.ts'
import type { ReplayStore } from './replay-store.ts'
import { SessionStreams } from './session-streams.ts'
import { SseConnection } from '../http/sse-connection.ts'

/** What the legacy era over streamable HTTP needs beyond the edge's context. */
export interface LegacyHttp {
  readonly context: EdgeContext
  readonly replay: ReplayStore
  readonly draining: () => boolean
  readonly forward: Forward
}

type LegacyMessage = Extract<
  Classified,
  { kind: 'request' | 'notification' | 'response' | 'batch' }
>

/** Answers a POST that is not modern. */
export function postLegacy(
  legacy: LegacyHttp,
  request: HttpRequest,
  response: HttpResponse,
  principal: Principal,
  posted: LegacyMessage,
  accepts: Accepts,
): void {
  if (posted.kind === 'request' && posted.message.method === 'initialize') {
    void postInitialize(legacy, response, principal, posted.message)
    return
  }
  const id = posted.kind === 'request' ? posted.message.id : null
  withSession(legacy, request, response, principal, id, (session) => {
    if (posted.kind === 'notification' && posted.message.method === 'notifications/initialized') {
      // Nothing follows from it: a session that only initialized keeps nothing here.
      answerEmpty(response, 202)
      return
    }
    const peer = peerOf(legacy.context, session)
    if (posted.kind === 'request') {
      serveLegacyRequest(
        peer,
        posted.message,
        exchangeFor(legacy, peer, response, accepts, [posted.message.id]),
        request.headers,
      )
    } else if (posted.kind === 'batch') postBatch(legacy, peer, request, response, posted, accepts)
    else answerAccepted(response, [takeMessage(peer, posted)])
  })
}

/** DELETE ends the session. */
export function deleteLegacy(
  legacy: LegacyHttp,
  request: HttpRequest,
  response: HttpResponse,
  principal: Principal,
): void {
  withSession(legacy, request, response, principal, null, (session) => {
    legacy.context.port.sessions.end(session, 'ended by the client').then(
      () => answerEmpty(response, 204),
      (thrown: unknown) => {
        const { error } = toFailure(thrown, 'legacy', legacy.context)
        answerJson(response, 503, [renderError(null, error)], RETRY_AFTER)
      },
    )
  })
}

/** Seconds. */
export const RETRY_AFTER = ['Retry-After', '1']

async function postInitialize(
  { context, draining }: LegacyHttp,
  response: HttpResponse,
  principal: Principal,
  message: RpcRequest,
): Promise<void> {
  if (draining()) {
    answerError(
      response,
      503,
      GATEWAY_OVERLOADED,
      'The server is shutting down',
      message.id,
      RETRY_AFTER,
    )
    return
  }
  const outcome = await initialize(context, message, principal, originOf(context, response.req))
  if (outcome.kind === 'refused') {
    const isTransient = outcome.status === 503 || outcome.status === 429
    answerJson(
      response,
      outcome.status,
      [renderError(message.id, outcome.error)],
      isTransient ? RETRY_AFTER : [],
    )
    return
  }
  const sessionHeader = ['Mcp-Session-Id', outcome.session.id]
  answerJson(response, 200, [renderPlain(message.id, outcome.result)], sessionHeader)
}

/** Runs `use` with the session the request names, or answers why there is none. */
export function withSession(
  { context }: LegacyHttp,
  request: HttpRequest,
  response: HttpResponse,
  principal: Principal,
  id: RpcRequest['id'] | null,
  use: (session: ClientSession) => void,
): void {
  const version = request.headers[VERSION_HEADER]
  if (version !== undefined && !(isKnownVersion(version) && VERSIONS[version].era === 'legacy')) {
    const supported = LEGACY_VERSIONS.join(', ')
    const text = `Unsupported MCP-Protocol-Version ${JSON.stringify(version)}: supported are ${supported}`
    answerError(response, 400, INVALID_REQUEST, text, id)
    return
  }
  const sessionId = request.headers[SESSION_HEADER]
  if (typeof sessionId !== 'string' || sessionId === '') {
    answerError(
      response,
      400,
      INVALID_REQUEST,
      'Header Mcp-Session-Id is missing: initialize first',
      id,
    )
    return
  }
  const found = (lookup: SessionLookup): void => {
    if (typeof lookup === 'object') use(lookup)
    else if (lookup === 'unavailable') {
      const text = 'The session store does not answer: try again'
      answerError(response, 503, GATEWAY_OVERLOADED, text, id, RETRY_AFTER)
    } else {
      if (lookup === 'foreign')
        context.log.warn({ sessionId }, 'Refused a session of somebody else')
      answerError(response, 404, INVALID_REQUEST, 'Session not found: initialize again', id)
    }
  }
  const lookup = context.port.sessions.find(sessionId, principal)
  if (lookup instanceof Promise) {
    lookup.then(found).catch((thrown: unknown) => {
      const { error } = toFailure(thrown, 'legacy', context)
      answerJson(response, 503, [renderError(id, error)], RETRY_AFTER)
    })
  } else found(lookup)
}

function postBatch(
  legacy: LegacyHttp,
  peer: LegacyPeer,
  request: HttpRequest,
  response: HttpResponse,
  batch: Extract<Classified, { kind: 'batch' }>,
  accepts: Accepts,
): void {
  const { messages } = batch
  if (!VERSIONS[peer.session.client.version].batches) {
    answerError(response, 400, INVALID_REQUEST, 'Batches exist in protocol version 2025-03-26 only')
    return
  }
  const { maxBatchCount } = legacy.context.limits
  if (messages.length > maxBatchCount) {
    answerError(response, 400, INVALID_REQUEST, `A batch may hold ${maxBatchCount} messages`)
    return
  }
  const parts = messages.map((message) => classify(message, undefined, true))
  const batchSize = parts.filter(({ kind }) => kind === 'request' || kind === 'refused').length
  const requests = parts.flatMap((part) => (part.kind === 'request' ? [part.message.id] : []))
  const exchange =
    batchSize > 0 ? exchangeFor(legacy, peer, response, accepts, requests, batchSize) : undefined
  const taken = parts.map((part) => servePart(peer, part, exchange, request))
  if (!exchange) answerAccepted(response, taken)
}

function servePart(
  peer: LegacyPeer,
  part: Classified,
  exchange: Exchange | undefined,
  request: HttpRequest,
): Taken {
  if (part.kind === 'request' && exchange) {
    serveLegacyRequest(peer, part.message, exchange, request.headers)
  } else if (part.kind === 'refused') exchange?.respond([renderError(part.id, part.error)])
  else if (part.kind === 'response' || part.kind === 'notification') return takeMessage(peer, part)
  return undefined
}

/** A promise: other replicas are told of it; false: it is not known to have arrived. */
type Taken = Promise<boolean | void> | undefined

function takeMessage(
  peer: LegacyPeer,
  posted: Extract<Classified, { kind: 'response' | 'notification' }>,
): Taken {
  return posted.kind === 'response'
    ? peer.answer(posted.message)
    : serveLegacyNotification(peer, posted.message)
}

/** 202 says that we have it: where another replica waits for it, only when that has. */
function answerAccepted(response: HttpResponse, taken: readonly Taken[]): void {
  const onTheWay = taken.filter((each) => each !== undefined)
  if (onTheWay.length === 0) {
    answerEmpty(response, 202)
    return
  }
  void Promise.all(onTheWay).then((arrived) => {
    if (!arrived.includes(false)) return answerEmpty(response, 202)
    const text = 'The replica that asked does not answer now: send the answer again'
    answerError(response, 503, GATEWAY_OVERLOADED, text, null, RETRY_AFTER)
  })
}

function exchangeFor(
  legacy: LegacyHttp,
  peer: LegacyPeer,
  response: HttpResponse,
  accepts: Accepts,
  requests: readonly RequestId[],
  batchSize?: number,
): Exchange {
  return new HttpExchange(legacy.context, response, {
    upgradeMs: legacy.context.limits.sseUpgradeMs,
    accepts,
    ...(batchSize === undefined ? {} : { batchSize }),
    openSink: () => openSink(legacy, peer, response, requests),
  })
}

function openSink(
  legacy: LegacyHttp,
  peer: LegacyPeer,
  response: HttpResponse,
  requests: readonly RequestId[],
): EventSink {
  const connection = new SseConnection(legacy.context, response)
  if (!isAtLeast(peer.session.client.version, '2025-03-26')) return new LiveSink(connection)
  const stream = streamsOf(legacy, peer).open(requests)
  stream.attach(connection, 0)
  return stream
}

export function peerOf(context: EdgeContext, session: ClientSession): LegacyPeer {
  if (session.channel instanceof LegacyPeer) return session.channel
  const peer = new LegacyPeer(context, session)
  session.channel = peer
  return peer
}

export function streamsOf({ context, replay }: LegacyHttp, peer: LegacyPeer): SessionStreams {
  if (peer.streams) return peer.streams
  const streams = new SessionStreams(
    peer.epoch,
    peer.session,
    context.limits,
    replay,
    context.keptEvents,
  )
  peer.streams = streams
  return streams
}

function originOf({ addresses }: EdgeContext, request: HttpRequest): SessionOrigin {
  return { source: addresses.of(request), userAgent: request.headers['user-agent'] }
}
