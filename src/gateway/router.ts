import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { Call } from '../mcp/call.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import { relatedTaskOf } from '../mcp/meta.ts'
import { parseRawResult, type RawResponse } from '../mcp/raw-response.ts'
import { errorReply, type Reply } from '../mcp/reply.ts'
import {
  INVALID_PARAMS,
  LEGACY_RESOURCE_NOT_FOUND,
  METHOD_NOT_FOUND,
  MISSING_CLIENT_CAPABILITY,
} from '../mcp/rpc-codes.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Catalogue, ToolRoute } from './aggregation/catalogue.ts'
import { paramHeadersOf } from '../mcp/mcp-headers.ts'
import {
  findCompletionTarget,
  findPrompt,
  findResource,
  findTool,
  findToolForStep,
} from './aggregation/lookup.ts'
import type { Backend } from './backend.ts'
import { callAsTask } from './call-as-task.ts'
import type { RoutedRequest } from './call-backend.ts'
import type { Catalogues } from './catalogues.ts'
import type { Interests } from './interests.ts'
import { listAll } from './list-backend.ts'
import { gatewayErrors } from './errors.ts'
import type { Source } from './source.ts'
import type { Answer } from './stages.ts'
import { refusalOf, type Subscriptions } from './subscriptions.ts'
import type { TaskIds } from './task-ids.ts'
import { mayHaveResource, ownerOfResource, readFromFirst } from './unlisted-resources.ts'

export interface RouterOptions {
  readonly catalogues: Catalogues
  readonly backends: ReadonlyMap<string, Backend>
  /** By their names. */
  readonly sources: ReadonlyMap<string, Source>
  /** One page of a list, from memory. */
  readonly listPage: (catalogue: Catalogue, call: Call) => Reply
  /** Waits, bounded, until the first attempt to reach each backend has ended: before that "unknown" means little. */
  readonly settled: () => Promise<void> | undefined
  readonly send: (backend: Backend, call: Call, request: RoutedRequest) => Promise<Reply>
  readonly interests: Interests
  readonly subscriptions: Subscriptions
  /** What sessions follow, as all processes that serve them know it. */
  readonly stored: StoredSubscriptions
  readonly taskIds: TaskIds
  readonly log: Logger
}

export interface StoredSubscriptions {
  uris(session: ClientSession): readonly string[]
  change(
    session: ClientSession,
    change: (uris: readonly string[]) => readonly string[],
  ): Promise<void>
  /** Follows here what another process followed. */
  follow(session: ClientSession): Promise<void>
}

/** Resources one session can follow. */
const MAX_SUBSCRIPTIONS = 1_000

/** A backend that keeps tasks forever keeps a process for so long. */
const MAX_TASK_MS = 24 * 3_600_000
const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks'

const EMPTY: Reply = { kind: 'result', result: {} }

type Handler = (call: Call) => Reply | Promise<Reply>

/** Sends each call where it belongs: the end of all stages. */
export function createRouter(options: RouterOptions): Answer {
  const { catalogues, backends, sources, interests, subscriptions, stored, taskIds, send } = options

  const handlers: Record<string, Handler> = {
    'tools/list': list,
    'resources/list': list,
    'resources/templates/list': list,
    'prompts/list': list,
    'tools/call': callTool,
    'prompts/get': getPrompt,
    'resources/read': readResource,
    'completion/complete': complete,
    'resources/subscribe': subscribe,
    'resources/unsubscribe': unsubscribe,
    'tasks/get': onTask,
    'tasks/result': onTask,
    'tasks/cancel': onTask,
    'tasks/update': onTask,
    'tasks/list': listTasks,
  }

  function list(call: Call): Reply {
    return options.listPage(catalogues.for(call), call)
  }

  async function callTool(call: Call): Promise<Reply> {
    const { name } = call.params
    if (typeof name !== 'string') return errorReply(INVALID_PARAMS, 'params.name must be a string')
    const look = call.origin === undefined ? findTool : findToolForStep
    const route = await found(call, (catalogue) => look(catalogue, name))
    const backend = route && backends.get(route.backend)
    if (route === undefined || backend === undefined) return callSource(call, route, name)
    const request = toolRequest(route, call, name, () => renewed(call, name, backend.name))
    if (route.needsTask && !asksForTask(call)) {
      return callAsTask({ backend, call, request, send, log: options.log })
    }
    const reply = await send(backend, call, request)
    return isTaskReply(reply, call)
      ? withClientTaskIds(reply, backend, call)
      : related(reply, backend, call)
  }

  async function callSource(
    call: Call,
    route: ToolRoute | undefined,
    name: string,
  ): Promise<Reply> {
    const source = route ? sources.get(route.backend) : await sourceThatHolds(begunIn(call))
    if (source === undefined) return errorReply(INVALID_PARAMS, `Unknown tool: ${name}`)
    call.routedTo = source.name
    return source.call(call, route?.nativeName ?? name)
  }

  /** What a client comes back for goes on, though a reload or a restart may have taken its tool away. */
  async function sourceThatHolds(state: string | undefined): Promise<Source | undefined> {
    if (state === undefined) return undefined
    for (const source of sources.values()) if (await source.holds(state)) return source
    return undefined
  }

  /** The request for a tool by what its backend offers by now. */
  function renewed(call: Call, name: string, backend: string): RoutedRequest | undefined {
    const look = call.origin === undefined ? findTool : findToolForStep
    const route = look(catalogues.for(call), name)
    return route?.backend === backend ? toolRequest(route, call, name) : undefined
  }

  async function getPrompt(call: Call): Promise<Reply> {
    const { name } = call.params
    if (typeof name !== 'string') return errorReply(INVALID_PARAMS, 'params.name must be a string')
    const prompt = await found(call, (catalogue) => findPrompt(catalogue, name))
    const backend = prompt && backends.get(prompt.backend)
    if (prompt === undefined || backend === undefined) {
      return errorReply(INVALID_PARAMS, `Unknown prompt: ${name}`)
    }
    const params = { ...call.params, name: prompt.nativeName }
    const reply = await send(backend, call, { method: 'prompts/get', params, repeatable: true })
    return related(reply, backend, call)
  }

  async function readResource(call: Call): Promise<Reply> {
    const { uri } = call.params
    if (typeof uri !== 'string') return errorReply(INVALID_PARAMS, 'params.uri must be a string')
    const request: RoutedRequest = {
      method: 'resources/read',
      params: call.params,
      repeatable: true,
    }
    async function read(backend: Backend): Promise<Reply> {
      return related(await send(backend, call, request), backend, call)
    }
    const notFound = resourceNotFound(uri)
    return readFromFirst(await mayHave(call, uri), read, { call, notFound })
  }

  async function complete(call: Call): Promise<Reply> {
    const { ref } = call.params
    if (!isJsonObject(ref)) return errorReply(INVALID_PARAMS, 'params.ref must be an object')
    const target = await found(call, (catalogue) => findCompletionTarget(catalogue, ref))
    const backend = target && backends.get(target.backend)
    if (target === undefined || backend === undefined) {
      return errorReply(INVALID_PARAMS, `Nothing to complete for ${JSON.stringify(ref)}`)
    }
    if (backend.offer.description?.capabilities['completions'] === undefined) {
      return { kind: 'result', result: { completion: { values: [], total: 0, hasMore: false } } }
    }
    const params = { ...call.params, ref: target.ref }
    return send(backend, call, { method: 'completion/complete', params, repeatable: true })
  }

  async function subscribe(call: Call): Promise<Reply> {
    const { uri } = call.params
    if (typeof uri !== 'string') return errorReply(INVALID_PARAMS, 'params.uri must be a string')
    const { session } = call
    if (session === undefined) return resourceNotFound(uri)
    if (interests.isSubscribed(session, uri)) return EMPTY
    const backend = await ownerOfResource(await mayHave(call, uri), call, uri)
    if (backend === undefined) return resourceNotFound(uri)
    call.routedTo = backend.name
    if (interests.urisOf(session).length >= MAX_SUBSCRIPTIONS) {
      throw gatewayErrors.TOO_MANY_SUBSCRIPTIONS({ limit: MAX_SUBSCRIPTIONS })
    }
    const following = await subscriptions.follow(backend, call, { uris: [uri], taskIds: [] })
    if (following.accepted.uris.length === 0) {
      following.stop()
      return { kind: 'error', error: refusalOf(uri, following) }
    }
    // The session may have ended meanwhile; then nobody would ever stop it.
    if (call.cancellation.cancelled) following.stop()
    else {
      interests.subscribe(session, uri, following.stop)
      try {
        await stored.change(session, (uris) => (uris.includes(uri) ? uris : [...uris, uri]))
      } catch (error) {
        interests.unsubscribe(session, uri)
        throw error
      }
    }
    return EMPTY
  }

  async function unsubscribe({ params, session }: Call): Promise<Reply> {
    const { uri } = params
    if (typeof uri !== 'string') return errorReply(INVALID_PARAMS, 'params.uri must be a string')
    if (session === undefined) return EMPTY
    const isStored = stored.uris(session).includes(uri)
    // Who subscribed may be gone, and the backend has to be told over a connection of ours.
    if (isStored && !interests.isSubscribed(session, uri)) await stored.follow(session)
    interests.unsubscribe(session, uri)
    if (isStored) await stored.change(session, (uris) => uris.filter((each) => each !== uri))
    return EMPTY
  }

  async function onTask(call: Call): Promise<Reply> {
    if (call.client.era === 'modern' && !declaresTasks(call)) return tasksNotDeclared()
    const id = taskIds.toBackend(call.params['taskId'], call.principal)
    const backend = id && backends.get(id.backend)
    if (id === undefined || backend === undefined) {
      return errorReply(INVALID_PARAMS, `Unknown task: ${JSON.stringify(call.params['taskId'])}`)
    }
    const params = { ...call.params, taskId: id.native }
    const request = { method: call.method, params }
    // By definition it blocks until the task has ended (2025-11-25, "Getting task payload").
    const waits = call.method === 'tasks/result' ? { waitsForTask: true as const } : undefined
    const reply = await send(backend, call, { ...request, ...waits })
    return withClientTaskIds(reply, backend, call)
  }

  /** Legacy only: all tasks of all backends that keep any, as far as they answer; there is no order between backends. */
  async function listTasks(call: Call): Promise<Reply> {
    const owners = [...backends.values()].filter((backend) => {
      const tasks = backend.main?.era === 'legacy' && backend.main.server.capabilities['tasks']
      return isJsonObject(tasks) && tasks['list'] !== undefined
    })
    if (owners.length === 0) return errorReply(METHOD_NOT_FOUND, 'No backend lists tasks')
    const listed = await Promise.allSettled(owners.map((backend) => tasksOf(backend, call)))
    const [first] = listed
    if (first?.status === 'rejected' && listed.every((each) => each.status === 'rejected')) {
      throw first.reason
    }
    const tasks = listed.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
    return { kind: 'result', result: { tasks } }
  }

  async function tasksOf(backend: Backend, call: Call): Promise<Json[]> {
    const tasks = await listAll(
      (method, params) => send(backend, call, { method, params }),
      'tasks/list',
    )
    const renamed = taskIds.rewrite({ tasks }, backend.name, call.principal)['tasks']
    return Array.isArray(renamed) ? renamed : []
  }

  async function mayHave(call: Call, uri: string): Promise<Backend[]> {
    const target = await found(call, (catalogue) => findResource(catalogue, uri))
    return mayHaveResource(catalogues.for(call), backends, uri, target)
  }

  /** Looks something up; if it is not there, once more when all backends have had their first chance. */
  async function found<T>(
    call: Call,
    look: (catalogue: Catalogue) => T | undefined,
  ): Promise<T | undefined> {
    const at = look(catalogues.for(call))
    if (at !== undefined) return at
    const settled = options.settled()
    if (settled === undefined) return undefined
    await settled
    return look(catalogues.for(call))
  }

  function withClientTaskIds(reply: Reply, backend: Backend, call: Call): Reply {
    if (reply.kind === 'result') {
      return { ...reply, result: taskIds.rewrite(reply.result, backend.name, call.principal) }
    }
    if (reply.kind !== 'raw') return reply
    const { resultType, ...result } = parsedResult(reply.response)
    if (isJsonObject(result['task'])) backend.keepFor(call, keptMs(result['task']))
    return {
      kind: 'result',
      result: taskIds.rewrite(result, backend.name, call.principal),
      ...(typeof resultType === 'string' ? { resultType } : {}),
    }
  }

  /** What is no task may still belong to one: its `_meta` says to which. */
  function related(reply: Reply, backend: Backend, call: Call): Reply {
    if (reply.kind !== 'raw' || !mayNameTask(reply.response)) return reply
    const { resultType, ...result } = parsedResult(reply.response)
    if (relatedTaskOf(result) === undefined) return reply
    return { kind: 'result', result: taskIds.relateToClient(result, backend.name, call.principal) }
  }

  return async (call) => {
    const handler = Object.hasOwn(handlers, call.method) ? handlers[call.method] : undefined
    if (handler === undefined) {
      return errorReply(METHOD_NOT_FOUND, `Method not found: ${call.method}`)
    }
    return handler(call)
  }
}

/** `renew`: the same by what the backend offers then. */
function toolRequest(
  route: ToolRoute,
  call: Call,
  name: string,
  renew?: () => RoutedRequest | undefined,
): RoutedRequest {
  const { nativeName, paramHeaders, annotations } = route
  return {
    method: 'tools/call',
    tool: nativeName,
    params: nativeName === name ? call.params : { ...call.params, name: nativeName },
    ...(paramHeaders === undefined
      ? undefined
      : { paramHeaders: paramHeadersOf(paramHeaders, call.params['arguments']) }),
    // A backend may say this of its tool, an override may say it for it.
    repeatable: annotations['readOnlyHint'] === true || annotations['idempotentHint'] === true,
    ...(renew === undefined ? undefined : { renew }),
  }
}

/** What a call goes on with: the state that its client was given, or its own run when it is sent again. */
function begunIn({ retry, run }: Call): string | undefined {
  return retry?.state ?? (run?.begun === true ? run.id : undefined)
}

function declaresTasks(call: Call): boolean {
  const { extensions } = call.client.capabilities
  return isJsonObject(extensions) && extensions[TASKS_EXTENSION] !== undefined
}

/** 2026-07-28 tasks extension: its methods are only for requests that declare it. */
function tasksNotDeclared(): Reply {
  return errorReply(MISSING_CLIENT_CAPABILITY, `The request does not declare ${TASKS_EXTENSION}`, {
    requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
  })
}

/** Legacy: how long the backend keeps a task and its result. */
function keptMs({ ttl }: JsonObject): number {
  return Math.min(typeof ttl === 'number' ? ttl : Infinity, MAX_TASK_MS)
}

/** 2025-11-25 only: in 2026-07-28 the server decides, and knows nothing of a member `task`. */
function asksForTask({ client, params }: Call): boolean {
  return client.era === 'legacy' && params['task'] !== undefined
}

/** Modern: the result says so. Legacy: only a call that asked for a task gets one. */
function isTaskReply(reply: Reply, call: Call): boolean {
  if (reply.kind !== 'raw' && reply.kind !== 'result') return false
  const said = reply.kind === 'raw' ? rawResultType(reply.response) : reply.resultType
  return said === undefined ? asksForTask(call) : said === 'task'
}

/** A native search: only a `_meta` that may name a task is worth reading. */
function mayNameTask({ bytes, meta }: RawResponse): boolean {
  if (meta === undefined) return false
  const slice = bytes.subarray(meta.start, meta.end)
  return slice.includes('related-task') || slice.includes(0x5c)
}

function rawResultType({ bytes, resultType }: RawResponse): string | undefined {
  return resultType && bytes.toString('latin1', resultType.start + 1, resultType.end - 1)
}

function parsedResult(raw: RawResponse): JsonObject {
  const value = parseRawResult(raw)
  return isJsonObject(value) ? value : {}
}

function resourceNotFound(uri: string): Reply {
  return errorReply(LEGACY_RESOURCE_NOT_FOUND, `Resource not found: ${uri}`, { uri })
}
