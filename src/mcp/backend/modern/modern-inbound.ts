import type { Incoming } from '../answer.ts'
import { progress } from '../legacy/legacy-inbound.ts'
import type { PendingCall } from '../pending-call.ts'

/**
 * A notification of a modern backend outside subscriptions: progress and log lines of a call are the only ones there are.
 * False: it is none of them. Requests do not exist on this way.
 */
export function routeModernMessage(
  message: Incoming & { kind: 'message' },
  call: PendingCall | undefined,
  byToken: (token: unknown) => PendingCall | undefined,
): boolean {
  const { id, method, params } = message
  if (id !== undefined) return false
  if (method === 'notifications/progress') {
    progress(byToken(params['progressToken']), params)
    return true
  }
  if (method !== 'notifications/message') return false
  if (call) call.seenMs = performance.now()
  call?.request.onNotification?.(method, params)
  return true
}
