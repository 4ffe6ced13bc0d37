import type { HttpRequest, HttpResponse } from '../../../net/http-message.ts'
import type { Principal } from '../../caller.ts'
import type { ClientSession } from '../../client-session.ts'
import { replicaIn } from '../../edge-peers.ts'
import { GATEWAY_OVERLOADED, INVALID_PARAMS } from '../../rpc-codes.ts'
import { answerError, forgetHeaders } from '../http/http-answer.ts'
import { mcpErrors } from '../../errors.ts'
import type { RequestId } from '../../messages.ts'
import { renderError } from '../../render-reply.ts'
import { toFailure } from '../failure.ts'
import { SseConnection, toEvent } from '../http/sse-connection.ts'
import { peerOf, RETRY_AFTER, streamsOf, withSession } from './legacy-http.ts'
import type { LegacyHttp } from './legacy-http.ts'
import { parseEventId, STANDALONE } from './session-streams.ts'

/**
 * GET: the standalone stream, from what was said while the client was away, or with `Last-Event-ID` the stream it names
 * from there on. A new one takes the place of the old. What another replica has goes on there.
 */
export function getLegacy(
  legacy: LegacyHttp,
  request: HttpRequest,
  response: HttpResponse,
  principal: Principal,
): void {
  withSession(legacy, request, response, principal, null, (session) => {
    const here = (): void => openStream(legacy, request, response, session)
    const holder = holderElsewhere(legacy, session, lastEventIdOf(request))
    if (holder === undefined) here()
    else {
      legacy.forward(holder, request, response, { principal }, () => {
        void takeOver(legacy, request, response, session).then((taken) => {
          if (!taken) here()
        })
      })
    }
  })
}

/** The replica that has the stream, if it is another one. */
function holderElsewhere(
  { context }: LegacyHttp,
  session: ClientSession,
  lastEventId: string | undefined,
): string | undefined {
  const { peers } = context
  if (peers === undefined) return undefined
  const position = lastEventId === undefined ? undefined : parseEventId(lastEventId)
  if (position === undefined || position.number === STANDALONE) return session.streamAt
  const holder = replicaIn(position.epoch)
  return holder === peers.self ? undefined : holder
}

/**
 * The replica that had the stream is dead: the client gets what was kept of it, and for what it has not answered an error that
 * says so. A standalone stream goes on here. False: nothing was kept.
 */
async function takeOver(
  legacy: LegacyHttp,
  request: HttpRequest,
  response: HttpResponse,
  session: ClientSession,
): Promise<boolean> {
  const { context } = legacy
  const named = parseEventId(lastEventIdOf(request) ?? '')
  if (named === undefined) return false
  const stream = `${named.epoch}.${named.number}`
  const kept = await context.keptEvents?.read(session.id, stream)
  if (kept === undefined || response.destroyed) return false
  const connection = new SseConnection(context, response)
  connection.write(`retry: ${context.limits.retryMs}\n\n`)
  const unanswered = new Set(kept.requests)
  for (const { seq, message } of kept.events) {
    if (message['method'] === undefined) unanswered.delete(message['id'] as RequestId)
    if (seq <= named.seq) continue
    connection.write(toEvent([Buffer.from(JSON.stringify(message))], `${stream}.${seq}`))
  }
  const replica = replicaIn(named.epoch) ?? ''
  const { error } = toFailure(mcpErrors.CALL_LOST({ replica, ran: 'unknown' }), 'legacy', context)
  let seq = kept.lastSeq
  for (const id of unanswered) {
    connection.write(toEvent([renderError(id, error)], `${stream}.${++seq}`))
  }
  if (named.number === STANDALONE) {
    const standalone = streamsOf(legacy, peerOf(context, session)).standalone()
    connection.waitsOnly = true
    standalone.attach(connection, 0)
    void context.port.sessions.claimStream(session)
  } else connection.end()
  return true
}

function openStream(
  legacy: LegacyHttp,
  request: HttpRequest,
  response: HttpResponse,
  session: ClientSession,
): void {
  const { context } = legacy
  const lastEventId = lastEventIdOf(request)
  const streams = streamsOf(legacy, peerOf(context, session))
  const position = lastEventId === undefined ? undefined : streams.find(lastEventId)
  const number = position?.stream.number ?? STANDALONE
  if (legacy.draining() && number === STANDALONE) {
    const text = 'The server is shutting down'
    answerError(response, 503, GATEWAY_OVERLOADED, text, null, RETRY_AFTER)
    return
  }
  if (lastEventId !== undefined && position === undefined) {
    const text = `Cannot resume after event ${JSON.stringify(lastEventId)}: it is not known any more`
    answerError(response, 400, INVALID_PARAMS, text)
    return
  }
  const stream = position?.stream ?? streams.standalone()
  const connection = new SseConnection(context, response)
  connection.waitsOnly = number === STANDALONE
  stream.attach(connection, position?.seq ?? stream.carriedSeq)
  forgetHeaders(request)
  if (number === STANDALONE) void context.port.sessions.claimStream(session)
}

function lastEventIdOf(request: HttpRequest): string | undefined {
  const header = request.headers['last-event-id']
  return typeof header === 'string' && header !== '' ? header : undefined
}
