import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancellation } from '../../base/cancellation.ts'
import type { BackendConnection } from '../../mcp/backend-connection.ts'
import { silentLogger } from '../../telemetry/logger.ts'
import { NO_EVENTS } from './connection-events.ts'
import { createSlot } from './slot.ts'

describe('a slot that is closed while it is opened', () => {
  for (const keepSession of [true, false]) {
    it(`${keepSession ? 'leaves' : 'ends'} the session of the backend, as it was told`, async () => {
      const { promise: connected, resolve: connect } = Promise.withResolvers<BackendConnection>()
      const closed: unknown[] = []
      const slot = createSlot({
        connect: () => connected,
        capabilities: {},
        events: NO_EVENTS,
        openStream: false,
        timeouts: { idleMs: 1_000, absoluteMs: 0 },
        newCancellation: () => new Cancellation(),
        now: () => 0,
        log: silentLogger,
      })
      const opened = assert.rejects(Promise.resolve(slot.open()), { code: 'MCP_CALL_CANCELLED' })
      await slot.close({ keepSession })
      connect({
        era: 'legacy',
        version: '2025-11-25',
        server: { info: { name: 'test', version: '1' }, capabilities: {} },
        inFlight: 0,
        request: () => Promise.reject(new Error('not used')),
        notify() {},
        close: async (how) => void closed.push(how?.keepSession),
      })
      await opened
      assert.deepEqual(closed, [keepSession])
    })
  }
})
