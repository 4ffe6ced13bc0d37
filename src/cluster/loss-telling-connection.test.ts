import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BackendConnection } from '../mcp/backend-connection.ts'
import { mcpErrors } from '../mcp/errors.ts'
import { resultReply, type Reply } from '../mcp/reply.ts'
import { LossTellingConnection } from './loss-telling-connection.ts'
import { OwnedConnection } from './owned-connection.ts'
import { testRequest } from './testing/test-cluster.ts'

const TOLD = { 'toolhive.stacklok.dev/stateLost': { backend: 'lab' } }

/** A connection whose first requests fail. */
function failing(times: number): BackendConnection {
  let left = times
  return {
    era: 'legacy',
    version: '2025-11-25',
    server: { info: { name: 'test', version: '1' }, capabilities: {} },
    inFlight: 0,
    async request() {
      if (left-- > 0) {
        throw mcpErrors.BACKEND_TIMEOUT({
          backend: 'lab',
          reason: 'slow',
          ran: 'unknown',
          timeoutMs: 5,
        })
      }
      return resultReply({ content: [] })
    },
    notify() {},
    close: async () => {},
  }
}

function metaOf(reply: Reply): unknown {
  return reply.kind === 'result' ? reply.result['_meta'] : reply.kind
}

const ways = {
  'a connection that took the place of another': (inner: BackendConnection) =>
    new LossTellingConnection(inner, 'lab'),
  'a process that took the place of another': (inner: BackendConnection) =>
    new OwnedConnection({
      inner,
      backend: 'lab',
      fence: 1,
      isLoss: true,
      ready: () => undefined,
      onClosed: async () => {},
      onLost: () => {},
    }),
}

for (const [name, wrap] of Object.entries(ways)) {
  describe(name, () => {
    it('says so with the first result of a tool, though calls before it failed; then never again', async () => {
      const connection = wrap(failing(2))
      const warned: string[] = []
      const call = () =>
        connection.request(testRequest({ onNotification: (method) => warned.push(method) }))
      for (let tries = 0; tries < 2; tries++) {
        await assert.rejects(call(), { code: 'MCP_BACKEND_TIMEOUT' })
      }
      assert.deepEqual(metaOf(await call()), TOLD)
      assert.equal(warned.length, 3, 'a warning before each of them')
      assert.equal(metaOf(await call()), undefined)
      assert.equal(warned.length, 3)
    })

    it('does not take an error for a result', async () => {
      const inner = failing(0)
      const connection = wrap({
        ...inner,
        request: async (request) =>
          request.params?.['name'] === 'none'
            ? { kind: 'error', error: { code: -32602, message: 'no such tool' } }
            : inner.request(request),
      })
      const reply = await connection.request(testRequest({ params: { name: 'none' } }))
      assert.equal(reply.kind, 'error')
      assert.deepEqual(metaOf(await connection.request(testRequest())), TOLD)
    })

    it('does not say so to what is no call of a tool', async () => {
      const connection = wrap(failing(0))
      assert.equal(metaOf(await connection.request(testRequest({ method: 'ping' }))), undefined)
      assert.deepEqual(metaOf(await connection.request(testRequest())), TOLD)
    })
  })
}
