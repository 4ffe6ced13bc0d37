import { Cancellation } from '../base/cancellation.ts'
import { isAppError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import type { Call } from '../mcp/call.ts'
import { mcpErrors } from '../mcp/errors.ts'
import { META_RELATED_TASK, relatedTaskOf, withoutMetaKey } from '../mcp/meta.ts'
import { parseRawResult } from '../mcp/raw-response.ts'
import type { Reply } from '../mcp/reply.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Backend } from './backend.ts'
import type { RoutedRequest } from './call-backend.ts'

export interface CallAsTaskOptions {
  readonly backend: Backend
  readonly call: Call
  /** The `tools/call`, without a task. */
  readonly request: RoutedRequest
  readonly send: (backend: Backend, call: Call, request: RoutedRequest) => Promise<Reply>
  readonly log: Logger
}

/**
 * Calls a tool that its backend runs only as a task, for a client that asked for none: makes the task, waits for its end and
 * gives the plain result, so that the client sees a tool like any other (docs/decisions/022). Questions, progress and
 * cancellation are those of the client's own call. Who gives up waiting, for whatever reason, cancels the task.
 */
export async function callAsTask(options: CallAsTaskOptions): Promise<Reply> {
  const { backend, call, request, send } = options
  const { tool } = request
  const made = await send(backend, call, creation(backend, request))
  const hiddenTask = taskIn(made)
  // An error, or a backend that answers at once though it says otherwise.
  if (hiddenTask === undefined) return made
  const params = { taskId: hiddenTask }
  try {
    if (call.cancellation.cancelled) {
      const reason = call.cancellation.reason ?? 'cancelled'
      throw mcpErrors.CALL_CANCELLED({ reason, ran: 'unknown' })
    }
    const reply = await send(backend, call, {
      method: 'tasks/result',
      params,
      ...(tool === undefined ? {} : { tool }),
      waitsForTask: true,
      hiddenTask,
      // The result is not fetched away: a stream that breaks is no reason to lose it.
      repeatable: true,
    })
    return withoutTask(reply)
  } catch (error) {
    if (canBeCancelled(backend, error)) cancelTask(options, params)
    throw error
  }
}

function creation(backend: Backend, { renew, ...request }: RoutedRequest): RoutedRequest {
  const { absoluteMs } = backend.timeoutsFor(request.tool)
  // Nobody waits longer for it; without an end of ours it is the backend's to say.
  const task = absoluteMs > 0 ? { ttl: absoluteMs } : {}
  return {
    ...request,
    params: { ...request.params, task },
    repeatable: false,
    // Broken off here, the task would run on, and nobody would know its name.
    cancellation: new Cancellation(),
  }
}

function taskIn(made: Reply): string | undefined {
  const result =
    made.kind === 'raw'
      ? parseRawResult(made.response)
      : made.kind === 'result'
        ? made.result
        : undefined
  const task = isJsonObject(result) ? result['task'] : undefined
  const id = isJsonObject(task) ? task['taskId'] : undefined
  return typeof id === 'string' ? id : undefined
}

/** The client has never heard of the task. */
function withoutTask(reply: Reply): Reply {
  if (reply.kind !== 'raw' && reply.kind !== 'result') return reply
  const result = reply.kind === 'raw' ? parseRawResult(reply.response) : reply.result
  if (!isJsonObject(result) || relatedTaskOf(result) === undefined) return reply
  return { kind: 'result', result: withoutMetaKey(result, META_RELATED_TASK) }
}

/** Not where the task went with its connection. */
function canBeCancelled({ config, offer }: Backend, error: unknown): boolean {
  const tasks = offer.description?.capabilities['tasks']
  if (!isJsonObject(tasks) || tasks['cancel'] === undefined) return false
  if (isAppError(error, 'MCP_BACKEND_SESSION_LOST')) return false
  return !isAppError(error, 'MCP_BACKEND_GONE') || config.target.kind === 'http'
}

function cancelTask(options: CallAsTaskOptions, params: { taskId: string }): void {
  const { backend, send, log } = options
  const { client, principal, session, headers, source } = options.call
  const method = 'tasks/cancel'
  const farewell: Call = {
    method,
    params,
    client,
    principal,
    ...(session === undefined ? {} : { session }),
    ...(headers === undefined ? {} : { headers }),
    source,
    wantsProgress: false,
    cancellation: new Cancellation(),
    notify() {},
    ask: () => Promise.reject(new Error('nobody waits for the task any more')),
  }
  send(backend, farewell, { method, params }).catch((error: unknown) => {
    log.debug({ backend: backend.name, err: error }, 'Cannot cancel a task that nobody waits for')
  })
}
