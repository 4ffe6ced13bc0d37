import type { JsonObject } from '../../base/json.ts'
import type { ConnectionEvents } from '../../mcp/backend-connection.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import type { InputRequest } from '../../mcp/messages.ts'
import { listKindOf, type ListKind } from '../list-kinds.ts'
import type { TaskIds } from '../task-ids.ts'
import type { SlotOwner } from './pool.ts'

export interface ConnectionListener {
  /** The backend announced a change of a list. */
  onListChanged(kind: ListKind): void
  /** Any other notification outside a call. */
  onNotification(method: string, params: JsonObject): void
}

/** Events of one connection; `owner` undefined: of one that everybody shares. */
export function connectionEvents(
  backend: string,
  owner: SlotOwner | undefined,
  taskIds: TaskIds,
  listener: ConnectionListener,
): ConnectionEvents {
  return {
    isOwned: owner?.kind === 'session',
    onNotification(method, params) {
      const kind = listKindOf(method)
      if (kind === undefined) listener.onNotification(method, params)
      else listener.onListChanged(kind)
    },
    onQuestion(question) {
      if (owner?.kind !== 'session') return refuse(question)
      return askSession(backend, owner.session, taskIds, question)
    },
    onClose() {},
  }
}

/** For a connection that is only opened to end the backend's session. */
export const NO_EVENTS: ConnectionEvents = {
  onNotification() {},
  onQuestion: refuse,
  onClose() {},
}

/** A question outside any call can only go to the session that owns the connection. */
async function askSession(
  backend: string,
  { channel, principal }: ClientSession,
  taskIds: TaskIds,
  question: InputRequest,
): Promise<JsonObject> {
  if (channel === undefined) return refuse(question)
  const params = taskIds.relateToClient(question.params, backend, principal)
  const answer = await channel.ask({ ...question, params })
  return taskIds.relateToBackend(answer, backend, principal)
}

function refuse({ method }: InputRequest): Promise<never> {
  const reason = 'clients share this connection, and it is not clear whose call it belongs to'
  return Promise.reject(
    mcpErrors.CLIENT_CANNOT_ANSWER({ method, reason, requiredCapabilities: {} }),
  )
}
