import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callLimits } from './call-limits.ts'
import { backends, operational } from './config.ts'

function maxCalls(concurrency: object, backend: object): number {
  const [config] = backends.parse([{ name: 'calc', ...backend }])
  assert.ok(config)
  return callLimits(operational.parse({ concurrency }), config).maxCalls
}

describe('callLimits()', () => {
  it('takes the nearest: perWorkload, perBackend, the usual of its kind', () => {
    const http = { url: 'http://127.0.0.1:1/mcp' }
    assert.equal(maxCalls({}, http), 64)
    assert.equal(maxCalls({}, { command: 'calc' }), 16)
    assert.equal(maxCalls({ perBackend: 5 }, http), 5)
    assert.equal(maxCalls({ perBackend: 5, perWorkload: { calc: 2, other: 1 } }, http), 2)
    assert.equal(maxCalls({ perWorkload: { constructor: 1 } }, { ...http, name: 'toString' }), 64)
  })
})
