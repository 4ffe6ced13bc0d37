import { setTimeout as sleep } from 'node:timers/promises'
import type { Cancellation } from '../../base/cancellation.ts'
import { isAppError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import type { ClientChannel, ClientSession, SessionLookup } from '../../mcp/client-session.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import type { InputRequest } from '../../mcp/messages.ts'

/** How often to look whether the client is back. */
const LOOK_MS = 250

/**
 * Asks a legacy client on the stream of its session; while it has none open, waits until it is back. Rejects like `Call.ask`,
 * also when there is no such session any more.
 */
export async function askSession(
  find: () => Promise<SessionLookup>,
  channelFor: (session: ClientSession) => ClientChannel | undefined,
  request: InputRequest,
  until: Cancellation,
): Promise<JsonObject> {
  for (;;) {
    const session = await find()
    if (session === 'unknown' || session === 'foreign') throw gone(request)
    const channel = session === 'unavailable' ? undefined : channelFor(session)
    if (channel !== undefined) {
      try {
        return await channel.ask(request, until)
      } catch (error) {
        if (!isAway(error)) throw error
      }
    }
    if (until.cancelled) {
      throw mcpErrors.CALL_CANCELLED({ reason: until.reason ?? 'cancelled', ran: 'unknown' })
    }
    await sleep(LOOK_MS, undefined, { ref: false })
  }
}

/** It could answer, but has no stream open. */
function isAway(error: unknown): boolean {
  if (!isAppError(error, 'MCP_CLIENT_CANNOT_ANSWER')) return false
  const required = error.details['requiredCapabilities']
  return typeof required !== 'object' || required === null || Object.keys(required).length === 0
}

function gone({ method }: InputRequest): Error {
  const reason = 'its session has ended'
  return mcpErrors.CLIENT_CANNOT_ANSWER({ method, reason, requiredCapabilities: {} })
}
