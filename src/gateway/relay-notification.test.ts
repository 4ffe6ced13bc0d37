import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import { ANONYMOUS } from '../mcp/caller.ts'
import { silentLogger } from '../telemetry/logger.ts'
import type { Backend } from './backend.ts'
import { createInterests } from './interests.ts'
import { createNotificationRelay } from './relay-notification.ts'
import { createTaskIds } from './task-ids.ts'
import { LEGACY_CLIENT } from './testing/fake-backend.ts'

const taskIds = createTaskIds(Buffer.alloc(32))

function about(taskId: string) {
  return { _meta: { 'io.modelcontextprotocol/related-task': { taskId } } }
}

describe('createNotificationRelay()', () => {
  it('names a task to a session as its client knows it, whatever is said of it', () => {
    const interests = createInterests({ sessions: () => [] })
    const relay = createNotificationRelay({ interests, taskIds, log: silentLogger })
    const told: JsonObject[] = []
    const session = {
      id: '1',
      principal: ANONYMOUS,
      client: LEGACY_CLIENT,
      inFlight: 0,
      channel: {
        notify: (_method: string, params: JsonObject = {}) => void told.push(params),
        ask: () => Promise.reject(new Error('not asked')),
        close() {},
      },
    }
    const said = { level: 'info', ...about('native') }
    for (const method of ['message', 'elicitation/complete', 'tasks/status']) {
      const params = method === 'tasks/status' ? { ...said, taskId: 'native' } : said
      relay(
        { name: 'b' } as Backend,
        { kind: 'session', session },
        `notifications/${method}`,
        params,
      )
    }
    const taskId = taskIds.toClient('b', 'native', ANONYMOUS)
    const seen = { level: 'info', ...about(taskId) }
    assert.deepEqual(told, [seen, seen, { ...seen, taskId }])
  })
})
