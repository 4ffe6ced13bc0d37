import { createHmac, timingSafeEqual } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Principal } from '../mcp/caller.ts'
import { META_RELATED_TASK, relatedTaskOf, withMetaKey } from '../mcp/meta.ts'

const SEAL_LENGTH = 22

/**
 * Task ids as clients see them: `backend.seal.native`. The seal binds the id to the principal who started the task, so
 * that knowing somebody's id is of no use to others (task ids are bearer-like, 2026-07-28 tasks extension).
 */
export interface TaskIds {
  toClient(backend: string, native: string, principal: Principal): string
  /** Undefined for an id that is not ours or belongs to somebody else. */
  toBackend(id: unknown, principal: Principal): { backend: string; native: string } | undefined
  /** The result with every task id in it as the client knows it. */
  rewrite(result: JsonObject, backend: string, principal: Principal): JsonObject
  /**
   * What a backend says about a task in anything else (2025-11-25 tasks, "Related task metadata": questions, progress, log
   * lines, results), with the id that the client knows. The same object if it names no task.
   */
  relateToClient(said: JsonObject, backend: string, principal: Principal): JsonObject
  /** The same in the other direction; what is no id of ours for this backend stays as it is. */
  relateToBackend(said: JsonObject, backend: string, principal: Principal): JsonObject
}

export function createTaskIds(key: Buffer): TaskIds {
  function seal(backend: string, native: string, principal: Principal): string {
    return createHmac('sha256', key)
      .update(JSON.stringify([backend, native, principal.binding]))
      .digest('base64url')
      .slice(0, SEAL_LENGTH)
  }

  function toClient(backend: string, native: string, principal: Principal): string {
    return `${encodeURIComponent(backend).replaceAll('.', '%2E')}.${seal(backend, native, principal)}.${native}`
  }

  function rewritten(
    value: unknown,
    backend: string,
    principal: Principal,
  ): JsonObject | undefined {
    if (!isJsonObject(value) || typeof value['taskId'] !== 'string') return undefined
    return { ...value, taskId: toClient(backend, value['taskId'], principal) }
  }

  const toBackend: TaskIds['toBackend'] = (id, principal) => {
    if (typeof id !== 'string') return undefined
    const [, name, given, native] = /^([^.]+)\.([^.]+)\.(.+)$/s.exec(id) ?? []
    if (name === undefined || given === undefined || native === undefined) return undefined
    const backend = safeDecode(name)
    if (backend === undefined) return undefined
    const wanted = Buffer.from(seal(backend, native, principal))
    const actual = Buffer.from(given)
    if (wanted.length !== actual.length || !timingSafeEqual(wanted, actual)) return undefined
    return { backend, native }
  }

  const relateToClient: TaskIds['relateToClient'] = (said, backend, principal) =>
    related(said, (native) => toClient(backend, native, principal))

  return {
    toClient,
    toBackend,
    relateToClient,
    relateToBackend: (said, backend, principal) =>
      related(said, (id) => {
        const found = toBackend(id, principal)
        return found?.backend === backend ? found.native : undefined
      }),
    rewrite(result, backend, principal) {
      const own = rewritten(result, backend, principal) ?? { ...result }
      const task = rewritten(own['task'], backend, principal)
      if (task !== undefined) own['task'] = task
      if (Array.isArray(own['tasks'])) {
        own['tasks'] = own['tasks'].map((each) => rewritten(each, backend, principal) ?? each)
      }
      return relateToClient(own, backend, principal)
    },
  }
}

function related(said: JsonObject, rename: (id: string) => string | undefined): JsonObject {
  const id = relatedTaskOf(said)
  const renamed = id === undefined ? undefined : rename(id)
  if (renamed === undefined) return said
  const meta = said['_meta'] as JsonObject
  const task = meta[META_RELATED_TASK] as JsonObject
  return withMetaKey(said, META_RELATED_TASK, { ...task, taskId: renamed })
}

function safeDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
