import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json.ts'
import { cleanRequestMeta } from '../../meta.ts'
import type { InputAnswers } from '../../messages.ts'
import { renderError, renderReply } from '../../render-reply.ts'
import { INVALID_PARAMS } from '../../rpc-codes.ts'
import { ALL_VERSIONS } from '../../versions.ts'
import type { EdgeContext } from '../context.ts'
import { mcpErrors } from '../../errors.ts'
import type { Exchange } from '../exchange.ts'
import { shuttingDown, toFailure } from '../failure.ts'
import type { Flight } from './flights.ts'
import { bindingOf, ModernCall, MULTI_ROUND_METHODS } from './modern-call.ts'
import type { ModernRequest } from './modern-request.ts'

/**
 * Answers one checked request; whatever is not the edge's own business becomes a call, which is returned if it is still
 * running. `subscriptions/listen` is not for here.
 */
export function serveModernRequest(
  context: EdgeContext,
  request: ModernRequest,
  exchange: Exchange,
): Flight | undefined {
  const { method, params } = request.message
  if (method === 'server/discover') {
    discover(context, request, exchange)
    return undefined
  }
  const isRetry = params?.['inputResponses'] !== undefined || params?.['requestState'] !== undefined
  if (isRetry && MULTI_ROUND_METHODS.has(method)) return serveRetry(context, request, exchange)
  return started(new ModernCall(context, request, exchange))
}

function discover(context: EdgeContext, request: ModernRequest, exchange: Exchange): void {
  const { message, client, principal } = request
  const { info, infoJson, port } = context
  const { capabilities, instructions } = port.describe(client, principal)
  const result: JsonObject = { supportedVersions: [...ALL_VERSIONS], capabilities }
  if (instructions !== undefined) result['instructions'] = instructions
  const to = { id: message.id, method: message.method, params: undefined, client, info, infoJson }
  exchange.respond(renderReply({ kind: 'result', result }, to))
}

/** The replica that has what a retry goes on with, if it is another one. */
export function holderOf(
  context: EdgeContext,
  { message, principal }: ModernRequest,
): string | undefined {
  const { requestState } = message.params ?? {}
  if (typeof requestState !== 'string' || !MULTI_ROUND_METHODS.has(message.method)) return undefined
  const binding = bindingOf(principal, message.method, cleanRequestMeta(message.params ?? {}))
  const holder = context.states.open(requestState, binding)?.payload['replica']
  return typeof holder === 'string' && holder !== context.peers?.self ? holder : undefined
}

/** A request that carries answers, a state, or both (2026-07-28, multi round-trip requests). */
function serveRetry(
  context: EdgeContext,
  request: ModernRequest,
  exchange: Exchange,
): Flight | undefined {
  const { message, principal } = request
  const params = cleanRequestMeta(message.params ?? {})
  const { inputResponses, requestState } = params
  if (inputResponses !== undefined && !isAnswers(inputResponses)) {
    return refuse(request, exchange, 'Member "inputResponses" must hold one object per key')
  }
  const given = inputResponses === undefined ? {} : { answers: inputResponses }
  if (requestState === undefined) {
    return started(new ModernCall(context, request, exchange, given))
  }
  const binding = bindingOf(principal, message.method, params)
  const opened =
    typeof requestState === 'string' ? context.states.open(requestState, binding) : undefined
  if (opened?.kind === 'relay') {
    const { state, replica } = opened.payload
    const retry = {
      ...given,
      ...(typeof state === 'string' ? { state } : undefined),
      ...(typeof replica === 'string' ? { holder: replica } : undefined),
    }
    return started(new ModernCall(context, request, exchange, retry))
  }
  if (opened?.kind === 'flight') {
    const { flight, round, replica } = opened.payload
    const call = typeof flight === 'string' ? context.flights.find(flight) : undefined
    if (call?.waitsIn(Number(round))) {
      // It hears no answers any more, and ends as if its client had not come back.
      if (context.activity.closed && !call.answered)
        return fail(context, request, exchange, shuttingDown())
      call.resume(request, exchange, inputResponses ?? {})
      return call
    }
    if (typeof replica === 'string' && replica !== context.peers?.self) {
      return fail(context, request, exchange, mcpErrors.CALL_LOST({ replica, ran: 'unknown' }))
    }
    return refuse(request, exchange, 'The call of this requestState does not wait any more')
  }
  const text = 'Member "requestState" is broken, expired, or was made for another request'
  return refuse(request, exchange, text)
}

function started(call: ModernCall): ModernCall {
  call.start()
  return call
}

function refuse(request: ModernRequest, exchange: Exchange, message: string): undefined {
  exchange.respond([renderError(request.message.id, { code: INVALID_PARAMS, message })])
}

function fail(
  context: EdgeContext,
  { message }: ModernRequest,
  exchange: Exchange,
  thrown: Error,
): undefined {
  const { error, status, headers } = toFailure(thrown, 'modern', context)
  exchange.respond([renderError(message.id, error)], status, headers)
}

function isAnswers(value: Json): value is InputAnswers & JsonObject {
  return isJsonObject(value) && Object.values(value).every(isJsonObject)
}
