import type { JsonObject } from '../../../base/json.ts'
import type { ConnectionEvents } from '../../backend-connection.ts'
import type { Incoming } from '../answer.ts'
import type { PendingCall } from '../pending-call.ts'
import type { Questions } from './questions.ts'

/** Where a request or notification of a legacy backend goes. */
export interface LegacyInbound {
  readonly events: ConnectionEvents
  readonly questions: Questions
  byToken(token: unknown): PendingCall | undefined
}

/** `call` is the one the message belongs to by its stream, or the sole one in flight, if any. */
export function routeLegacyMessage(
  inbound: LegacyInbound,
  message: Incoming & { kind: 'message' },
  call: PendingCall | undefined,
): void {
  const { id, method, params } = message
  if (id !== undefined) return inbound.questions.ask(id, method, params, call)
  switch (method) {
    case 'notifications/progress':
      return progress(inbound.byToken(params['progressToken']), params)
    case 'notifications/message':
      if (call) call.seenMs = performance.now()
      if (call?.request.onNotification) return call.request.onNotification(method, params)
      return inbound.events.onNotification(method, params)
    case 'notifications/cancelled':
      return inbound.questions.cancelled(params['requestId'])
    default:
      return inbound.events.onNotification(method, params)
  }
}

/** Hands progress to its call, without our token. Unknown tokens: the call has ended, or is not ours. */
export function progress(call: PendingCall | undefined, params: JsonObject): void {
  if (!call) return
  call.seenMs = performance.now()
  const { progressToken: _, ...rest } = params
  call.request.onNotification?.('notifications/progress', rest)
}
