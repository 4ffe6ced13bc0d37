import { createHmac, timingSafeEqual } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Principal } from '../mcp/caller.ts'

const RELATED_TASK = 'io.modelcontextprotocol/related-task'
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

  return {
    toClient,
    toBackend(id, principal) {
      if (typeof id !== 'string') return undefined
      const [, name, given, native] = /^([^.]+)\.([^.]+)\.(.+)$/s.exec(id) ?? []
      if (name === undefined || given === undefined || native === undefined) return undefined
      const backend = safeDecode(name)
      if (backend === undefined) return undefined
      const wanted = Buffer.from(seal(backend, native, principal))
      const actual = Buffer.from(given)
      if (wanted.length !== actual.length || !timingSafeEqual(wanted, actual)) return undefined
      return { backend, native }
    },
    rewrite(result, backend, principal) {
      const own = rewritten(result, backend, principal) ?? { ...result }
      const task = rewritten(own['task'], backend, principal)
      if (task !== undefined) own['task'] = task
      if (Array.isArray(own['tasks'])) {
        own['tasks'] = own['tasks'].map((each) => rewritten(each, backend, principal) ?? each)
      }
      const meta = own['_meta']
      if (isJsonObject(meta)) {
        const related = rewritten(meta[RELATED_TASK], backend, principal)
        if (related !== undefined) own['_meta'] = { ...meta, [RELATED_TASK]: related }
      }
      return own
    },
  }
}

function safeDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
