import { Cancellation } from '../base/cancellation.ts'
import { isAppError, type AppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import type {
  BackendConnection,
  BackendRequest,
  RequestTimeouts,
} from '../mcp/backend-connection.ts'
import type { Call } from '../mcp/call.ts'
import type { ClientView } from '../mcp/caller.ts'
import { META_RELATED_TASK, withMetaKey, withoutMetaKey } from '../mcp/meta.ts'
import type { InputRequest } from '../mcp/messages.ts'
import type { Reply } from '../mcp/reply.ts'
import { HEADER_MISMATCH } from '../mcp/rpc-codes.ts'
import type { Backend } from './backend.ts'
import { errorForModern } from './backend-error.ts'
import { gatewayErrors } from './errors.ts'
import type { TaskIds } from './task-ids.ts'
import { isAccepted, urlQuestions } from './url-questions.ts'

/** What a routed call asks of its backend: params with the backend's own names. */
export interface RoutedRequest {
  readonly method: string
  readonly params: JsonObject
  /** For timeouts: the backend's own name of the tool. */
  readonly tool?: string
  readonly paramHeaders?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** Running it twice does no harm: it may be sent again where it is not known whether it ran. Default: it may not. */
  readonly repeatable?: boolean
  /** Its answer comes when a task ends: until then silence says nothing about the backend. */
  readonly waitsForTask?: true
  /** The backend's id of a task that its client has never heard of: nothing that the client is told names it. */
  readonly hiddenTask?: string
  /** What ends it instead of the call's own cancellation. */
  readonly cancellation?: Cancellation
  /** The same by what the backend offers now: undefined if that leads elsewhere. */
  readonly renew?: () => RoutedRequest | undefined
}

/** A client is asked at most so often in one call by us (the reference client stops at ten as well). */
const MAX_ROUNDS = 10

/**
 * Makes one call to a backend, across eras: questions of the backend reach the caller through `call.ask`, and for a
 * caller that cannot be answered with `input_required` the rounds are gone through here. An error reply keeps its code
 * where a modern client cannot take it for one about its own request. What provably did not run, or
 * may run twice, is sent once more: on a new connection if it was lost, with new headers if the backend's tools are no
 * longer those we know.
 */
export async function callBackend(
  backend: Backend,
  call: Call,
  request: RoutedRequest,
  taskIds: TaskIds,
): Promise<Reply> {
  backend.calls.count++
  try {
    const reply = await callTwice(backend, call, request, taskIds)
    if (reply.kind !== 'error' || call.client.era === 'legacy') return reply
    return { kind: 'error', error: errorForModern(backend.name, reply.error) }
  } finally {
    backend.calls.count--
  }
}

async function callTwice(
  backend: Backend,
  call: Call,
  request: RoutedRequest,
  taskIds: TaskIds,
): Promise<Reply> {
  let sent = request
  for (let tries = 0; ; tries++) {
    const found = backend.connectionFor(call)
    const connection = found instanceof Promise ? await found : found
    try {
      return await goRounds(backend, connection, call, sent, taskIds)
    } catch (error) {
      if (!isAppError(error) || call.cancellation.cancelled) throw error
      if (isOver(error, connection)) backend.drop(call, connection)
      const again = tries > 0 ? undefined : await nextTry(backend, sent, error)
      if (again === undefined) throw error
      sent = again
    }
  }
}

/** Over HTTP a broken stream is the end of one call, not of its session; a broken pipe is the end of both. */
function isOver(error: AppError, connection: BackendConnection): boolean {
  if (error.code === 'MCP_BACKEND_SESSION_LOST') return true
  return error.code === 'MCP_BACKEND_GONE' && connection.transport !== 'streamable-http'
}

/** What to send after this failure; undefined: nothing. */
async function nextTry(
  backend: Backend,
  request: RoutedRequest,
  error: AppError,
): Promise<RoutedRequest | undefined> {
  const mayRepeat = error.details['ran'] === 'no' || request.repeatable === true
  switch (error.code) {
    case 'MCP_BACKEND_SESSION_LOST':
    case 'MCP_BACKEND_GONE':
      return mayRepeat ? request : undefined
    case 'MCP_BACKEND_PROTOCOL': {
      if (!isHeaderMismatch(error) || request.renew === undefined) return undefined
      await backend.relistTools()
      const renewed = request.renew()
      if (renewed === undefined) return undefined
      return request.headers === undefined ? renewed : { ...renewed, headers: request.headers }
    }
    default:
      return undefined
  }
}

/** The backend reads other parameters from headers than the tool we listed said (2026-07-28 transports). */
function isHeaderMismatch({ details }: AppError): boolean {
  const rpcError = details['rpcError'] as { code?: unknown } | undefined
  return rpcError?.code === HEADER_MISMATCH && details['ran'] === 'no'
}

async function goRounds(
  backend: Backend,
  connection: BackendConnection,
  call: Call,
  request: RoutedRequest,
  taskIds: TaskIds,
): Promise<Reply> {
  let retry = call.retry
  for (let round = 0; ; round++) {
    const reply = await exchange(backend, connection, call, request, retry, taskIds)
    if (call.client.era === 'modern') {
      // A task that has failed for want of a url stays as it is, however often it is asked for.
      const mayRunAgain = connection.era === 'legacy' && request.waitsForTask !== true
      const urls = mayRunAgain ? urlQuestions(reply) : undefined
      if (urls === undefined) return reply
      checkRounds(backend, round)
      if (!isAccepted(await call.ask(urls))) return reply
      // The backend refused to run it; by now it knows what was done at the urls.
      continue
    }
    if (reply.kind !== 'input') return reply
    checkRounds(backend, round)
    const answers = reply.requests === undefined ? undefined : await call.ask(reply.requests)
    retry = {
      ...(answers === undefined ? {} : { answers }),
      ...(reply.state === undefined ? {} : { state: reply.state }),
    }
  }
}

function checkRounds(backend: Backend, round: number): void {
  if (round < MAX_ROUNDS) return
  throw gatewayErrors.TOO_MANY_ROUNDS({ backend: backend.name, rounds: round })
}

function exchange(
  backend: Backend,
  connection: BackendConnection,
  call: Call,
  request: RoutedRequest,
  retry: Call['retry'],
  taskIds: TaskIds,
): Promise<Reply> {
  const { client, principal } = call
  const { hiddenTask } = request
  const toClient = (said: JsonObject): JsonObject =>
    hiddenTask === undefined
      ? taskIds.relateToClient(said, backend.name, principal)
      : withoutMetaKey(said, META_RELATED_TASK)
  // What belongs to a task has to say so (2025-11-25 tasks), which its client does not know.
  const toBackend = (said: JsonObject): JsonObject =>
    hiddenTask === undefined
      ? taskIds.relateToBackend(said, backend.name, principal)
      : withMetaKey(said, META_RELATED_TASK, { taskId: hiddenTask })
  const isModern = connection.era === 'modern'
  const sent: SentRequest = {
    method: request.method,
    params: hiddenTask === undefined ? toBackend(request.params) : request.params,
    capabilities:
      isModern && client.era === 'legacy' ? modernCapabilities(client) : client.capabilities,
    wantsProgress: call.wantsProgress,
    cancellation: request.cancellation ?? call.cancellation,
    timeouts: timeoutsOf(backend, request),
    onNotification: (method, params) => call.notify(method, toClient(params)),
  }
  if (client.info !== undefined) sent.clientInfo = client.info
  if (client.logLevel !== undefined) sent.logLevel = client.logLevel
  if (request.paramHeaders !== undefined) sent.paramHeaders = request.paramHeaders
  if (request.headers !== undefined) sent.headers = request.headers
  if (retry !== undefined) sent.retry = retry
  if (isModern) return connection.request(sent)
  if (call.closeStream !== undefined) {
    sent.onStreamPaused = (retryMs) => call.closeStream?.(retryMs)
  }
  const ask = questioner(call, toClient, toBackend)
  if (client.era === 'modern') return exchangeWithRefusal(backend, connection, call, sent, ask)
  sent.onQuestion = ask
  return connection.request(sent)
}

/** What waits for a task waits as long as its client does, within the hard end; a lost connection still ends it. */
function timeoutsOf(backend: Backend, { tool, waitsForTask }: RoutedRequest): RequestTimeouts {
  const timeouts = backend.timeoutsFor(tool)
  return waitsForTask ? { ...timeouts, idleMs: 0 } : timeouts
}

type SentRequest = { -readonly [Key in keyof BackendRequest]: BackendRequest[Key] }

/**
 * What a legacy client can do, in the words of a modern request: only what `input_required` can ask for. Its tasks are
 * another thing than the modern extension, so they are not declared and the backend answers at once.
 */
function modernCapabilities(client: ClientView): JsonObject {
  const { elicitation, sampling, roots } = client.capabilities
  return {
    ...(elicitation === undefined ? undefined : { elicitation }),
    ...(sampling === undefined ? undefined : { sampling }),
    ...(roots === undefined ? undefined : { roots: {} }),
  }
}

/**
 * Legacy backends ask in the middle of a call, one question at a time. A legacy caller's refusal goes to the backend,
 * whose tool may cope.
 */
function questioner(
  call: Call,
  toClient: (said: JsonObject) => JsonObject,
  toBackend: (said: JsonObject) => JsonObject,
): Questioner {
  let asked = 0
  return async (question) => {
    const key = `${question.method.split('/')[0]}-${++asked}`
    const answers = await call.ask({ [key]: { ...question, params: toClient(question.params) } })
    return toBackend(answers[key] ?? {})
  }
}

type Questioner = (question: InputRequest) => Promise<JsonObject>

/** A modern caller that did not declare the capability has to learn that (`-32021`), so its refusal ends the call. */
async function exchangeWithRefusal(
  backend: Backend,
  connection: BackendConnection,
  call: Call,
  request: SentRequest,
  ask: Questioner,
): Promise<Reply> {
  const { logLevel } = call.client
  if (logLevel !== undefined) await backend.raiseLogLevel(call, logLevel)
  let refusal: unknown
  const own = new Cancellation()
  const unlink = request.cancellation.onCancel((reason) => own.cancel(reason))
  request.cancellation = own
  request.onQuestion = async (question) => {
    try {
      return await ask(question)
    } catch (error) {
      // Many ask for roots as soon as they are connected, and do without.
      if (question.method !== 'roots/list') {
        refusal = error
        own.cancel('the client cannot answer')
      }
      throw error
    }
  }
  try {
    return await connection.request(request)
  } catch (error) {
    throw refusal ?? error
  } finally {
    unlink()
  }
}
