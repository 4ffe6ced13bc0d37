import type { JsonObject } from '../../../base/json.ts'
import type { ConnectionEvents } from '../../backend-connection.ts'
import type { Incoming } from '../answer.ts'
import type { PendingCall } from '../pending-call.ts'
import type { Asker, Questions } from './questions.ts'

/** Where a request or notification of a legacy backend goes. */
export interface LegacyInbound {
  readonly events: ConnectionEvents
  readonly questions: Questions
  byToken(token: unknown): PendingCall | undefined
  /** The only call that can have logged something. */
  speaker(): PendingCall | undefined
}

/** A message from the stream of a call, or from one that all calls share. */
export function routeLegacyMessage(
  inbound: LegacyInbound,
  message: Incoming & { kind: 'message' },
  from: Asker,
): void {
  const { id, method, params } = message
  if (id !== undefined) return inbound.questions.ask(id, method, params, from)
  switch (method) {
    case 'notifications/progress':
      return progress(inbound.byToken(params['progressToken']), params)
    case 'notifications/message':
      return logged(inbound, message, from === 'unsaid' ? inbound.speaker() : from)
    case 'notifications/cancelled':
      return inbound.questions.cancelled(params['requestId'])
    default:
      return inbound.events.onNotification(method, params)
  }
}

function logged(
  { events }: LegacyInbound,
  { method, params }: Incoming & { kind: 'message' },
  speaker: PendingCall | 'nobody' | undefined,
): void {
  const call = speaker === 'nobody' ? undefined : speaker
  if (call) call.seenMs = performance.now()
  if (call?.request.onNotification) call.request.onNotification(method, params)
  else events.onNotification(method, params)
}

/** Hands progress to its call, without our token. Unknown tokens: the call has ended, or is not ours. */
export function progress(call: PendingCall | undefined, params: JsonObject): void {
  if (!call) return
  call.seenMs = performance.now()
  const { progressToken: _, ...rest } = params
  call.request.onNotification?.('notifications/progress', rest)
}
