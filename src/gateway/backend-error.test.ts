import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorForModern } from './backend-error.ts'

describe("a backend's error, for a modern client", () => {
  it('passes where its code cannot be about the request of the client', () => {
    for (const code of [-32602, -32603, -32002, -32000, -32019, -32100, 1, 404, 429]) {
      const error = { code, message: 'm', data: { x: 1 } }
      assert.equal(errorForModern('calc', error), error)
    }
  })

  it('is told as one of the backend where its code is', () => {
    for (const code of [-32601, -32020, -32021, -32022, -32042, -32099, 403]) {
      assert.deepEqual(errorForModern('calc', { code, message: 'No tool t', data: [1] }), {
        code: -31000,
        message: `Backend "calc" answered with error ${code}: No tool t`,
        data: { code: 'GATEWAY_BACKEND_ERROR', backendError: { code, data: [1] } },
      })
    }
    const { data } = errorForModern('calc', { code: -32601, message: 'm' })
    assert.deepEqual(data, { code: 'GATEWAY_BACKEND_ERROR', backendError: { code: -32601 } })
  })
})
