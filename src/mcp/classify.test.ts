import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { classify } from './classify.ts'
import { META_CAPABILITIES, META_VERSION } from './meta.ts'

const envelope = { [META_VERSION]: '2026-07-28', [META_CAPABILITIES]: {} }
const request = (method: string, params?: object): object => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  ...(params ? { params } : {}),
})

function kindOf(message: unknown, header?: string): string {
  const found = classify(message, header)
  if (found.kind === 'refused') return `${found.error.code}`
  return 'era' in found ? `${found.era} ${found.kind}` : found.kind
}

describe('classification', () => {
  it('goes by the envelope in the body, whatever the method and the header', () => {
    assert.equal(kindOf(request('tools/list', { _meta: envelope })), 'modern request')
    assert.equal(kindOf(request('initialize', { _meta: envelope })), 'modern request')
    assert.equal(kindOf(request('ping', { _meta: envelope }), '2025-11-25'), 'modern request')
    assert.equal(kindOf(request('tools/list', { _meta: { [META_VERSION]: 7 } })), 'modern request')
  })

  it('is legacy without one', () => {
    assert.equal(kindOf(request('tools/list')), 'legacy request')
    assert.equal(kindOf(request('tools/list'), '2025-06-18'), 'legacy request')
    assert.equal(kindOf(request('tools/list'), 'v999.0.0'), 'legacy request')
    assert.equal(kindOf(request('tools/list', { _meta: { progressToken: 1 } })), 'legacy request')
  })

  it('refuses a modern header without an envelope and names what is missing', () => {
    for (const header of ['2026-07-28', '2031-01-01']) {
      const found = classify(request('tools/list', { _meta: { [META_CAPABILITIES]: {} } }), header)
      assert.equal(found.kind, 'refused')
      assert.ok(found.kind === 'refused')
      assert.equal(found.error.code, -32602)
      assert.equal(found.id, 1)
      assert.match(found.error.message, /protocolVersion/)
      assert.doesNotMatch(found.error.message, /clientCapabilities/)
    }
    assert.equal(kindOf(request('initialize'), '2026-07-28'), '-32020')
  })

  it('knows notifications of both eras and responses of the legacy one', () => {
    const notification = { jsonrpc: '2.0', method: 'notifications/initialized' }
    assert.equal(kindOf(notification), 'legacy notification')
    assert.equal(kindOf(notification, '2026-07-28'), 'modern notification')
    assert.equal(kindOf({ jsonrpc: '2.0', id: 'a', result: {} }), 'response')
    assert.equal(kindOf({ jsonrpc: '2.0', id: 'a', result: {} }, '2026-07-28'), '-32600')
    const error = { code: 1, message: 'm' }
    assert.equal(kindOf({ jsonrpc: '2.0', id: null, error }), 'response')
    assert.equal(kindOf({ jsonrpc: '2.0', id: 1, result: {}, error }), '-32600')
    assert.equal(kindOf({ jsonrpc: '2.0', id: 1, result: 4 }), '-32600')
  })

  it('takes batches of legacy messages only', () => {
    assert.equal(kindOf([request('ping')]), 'batch')
    assert.equal(kindOf([]), '-32600')
    assert.equal(kindOf([request('ping'), request('ping', { _meta: envelope })]), '-32600')
    assert.equal(kindOf([request('ping')], '2026-07-28'), '-32600')
    assert.equal(classify([request('ping')], undefined, true).kind, 'refused')
  })

  it('refuses what is no message', () => {
    const bad = [
      1,
      null,
      'x',
      {},
      { jsonrpc: '1.0', id: 1, method: 'a' },
      { jsonrpc: '2.0', id: null, method: 'a' },
      { jsonrpc: '2.0', id: 1.5, method: 'a' },
      { jsonrpc: '2.0', id: 2 ** 60, method: 'a' },
      { jsonrpc: '2.0', id: 1, method: 4 },
      { jsonrpc: '2.0', id: 1, method: 'a', params: [] },
      { jsonrpc: '2.0', id: 1, method: 'a', params: 'b' },
    ]
    for (const message of bad) assert.equal(kindOf(message), '-32600', JSON.stringify(message))
    assert.equal(kindOf({ jsonrpc: '2.0', id: 1, method: 'a', params: null }), 'legacy request')
  })

  it('never throws and keeps a usable id', () => {
    const member = fc.oneof(fc.jsonValue(), fc.constantFrom('2.0', 'tools/call', envelope))
    const message = fc.oneof(
      fc.jsonValue(),
      fc.record(
        { jsonrpc: fc.constant('2.0'), id: member, method: member, params: member, result: member },
        { requiredKeys: [] },
      ),
    )
    fc.assert(
      fc.property(message, fc.option(fc.string(), { nil: undefined }), (value, header) => {
        const found = classify(value, header)
        if (found.kind === 'refused' && found.id !== null) {
          assert.equal(found.id, (value as { id: unknown }).id)
        }
      }),
    )
  })
})
