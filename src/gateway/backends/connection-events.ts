import type { JsonObject } from '../../base/json.ts'
import type { ConnectionEvents } from '../../mcp/backend-connection.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import type { InputRequest } from '../../mcp/messages.ts'
import { listKindOf, type ListKind } from '../list-kinds.ts'
import type { SlotOwner } from './pool.ts'

export interface ConnectionListener {
  /** The backend announced a change of a list. */
  onListChanged(kind: ListKind): void
  /** Any other notification outside a call. */
  onNotification(method: string, params: JsonObject): void
}

/** Events of one connection; `owner` undefined: of one that everybody shares. */
export function connectionEvents(
  owner: SlotOwner | undefined,
  listener: ConnectionListener,
): ConnectionEvents {
  return {
    onNotification(method, params) {
      const kind = listKindOf(method)
      if (kind === undefined) listener.onNotification(method, params)
      else listener.onListChanged(kind)
    },
    onQuestion: (question) => askOwner(owner, question),
    onClose() {},
  }
}

/** For a connection that is only opened to end the backend's session. */
export const NO_EVENTS: ConnectionEvents = {
  onNotification() {},
  onQuestion: (question) => askOwner(undefined, question),
  onClose() {},
}

/** A question outside any call can only go to the session that owns the connection. */
function askOwner(owner: SlotOwner | undefined, question: InputRequest): Promise<JsonObject> {
  const channel = owner?.kind === 'session' ? owner.session.channel : undefined
  if (channel !== undefined) return channel.ask(question)
  return Promise.reject(
    mcpErrors.CLIENT_CANNOT_ANSWER({
      method: question.method,
      reason: 'no client belongs to this connection',
      requiredCapabilities: {},
    }),
  )
}
