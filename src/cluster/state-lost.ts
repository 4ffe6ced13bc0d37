import { isJsonObject } from '../base/json.ts'
import type { BackendConnection, BackendRequest } from '../mcp/backend-connection.ts'
import { parseRawResult } from '../mcp/raw-response.ts'
import type { Reply } from '../mcp/reply.ts'

/** In `_meta` of the first result after a backend had to begin anew for a client. */
const STATE_LOST_META = 'toolhive.stacklok.dev/stateLost'

/**
 * Makes the first call after a backend's state was lost, and tells: a warning by logger `toolhive` before the answer, a key
 * in its `_meta` for programs.
 */
export async function withLossTold(
  connection: BackendConnection,
  backend: string,
  request: BackendRequest,
): Promise<Reply> {
  const data = `Backend "${backend}" was started anew: what it kept for this client before is lost`
  request.onNotification?.('notifications/message', { level: 'warning', logger: 'toolhive', data })
  const reply = await connection.request(request)
  if (reply.kind !== 'raw' && reply.kind !== 'result') return reply
  const result = reply.kind === 'raw' ? parseRawResult(reply.response) : reply.result
  if (!isJsonObject(result)) return reply
  const meta = isJsonObject(result['_meta']) ? result['_meta'] : {}
  const { resultType, ...rest } = result
  const told = { ...rest, _meta: { ...meta, [STATE_LOST_META]: { backend } } }
  return {
    kind: 'result',
    result: told,
    ...(typeof resultType === 'string' ? { resultType } : {}),
  }
}
