import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  claimsEnvelope,
  cleanRequestMeta,
  cleanResultMeta,
  META_CAPABILITIES,
  META_CLIENT_INFO,
  META_LOG_LEVEL,
  META_SERVER_INFO,
  META_VERSION,
  parseEnvelope,
  progressTokenOf,
  withEnvelope,
  withMetaKey,
} from './meta.ts'

describe('cleaning', () => {
  it('strips what describes one hop and keeps vendor keys, trace context and task relations', () => {
    const kept = {
      'x.example/key': 1,
      traceparent: '00-…',
      'io.modelcontextprotocol/related-task': { taskId: 't' },
    }
    const _meta = { ...kept, [META_VERSION]: '2026-07-28', progressToken: 3 }
    assert.deepEqual(cleanRequestMeta({ name: 'a', _meta }), { name: 'a', _meta: kept })
    assert.deepEqual(cleanResultMeta({ _meta: { [META_SERVER_INFO]: {}, a: 1 } }), {
      _meta: { a: 1 },
    })
  })

  it('drops `_meta` if nothing is left of it and copies nothing if there is nothing to strip', () => {
    assert.deepEqual(cleanRequestMeta({ name: 'a', _meta: { progressToken: 1 } }), { name: 'a' })
    const clean = { name: 'a', _meta: { b: 1 } }
    assert.equal(cleanRequestMeta(clean), clean)
    const none = { name: 'a' }
    assert.equal(cleanResultMeta(none), none)
  })

  it('is not fooled by a key that names the prototype', () => {
    const _meta = JSON.parse(`{"__proto__":{"a":1},"${META_VERSION}":"x"}`)
    const cleaned = cleanRequestMeta({ _meta })
    assert.equal(JSON.stringify(cleaned), '{"_meta":{"__proto__":{"a":1}}}')
  })
})

describe('the envelope', () => {
  const good = { [META_VERSION]: '2026-07-28', [META_CAPABILITIES]: { sampling: {} } }

  it('needs version and capabilities; client info and log level may be absent', () => {
    assert.deepEqual(parseEnvelope({ _meta: good }), {
      kind: 'envelope',
      envelope: { version: '2026-07-28', capabilities: { sampling: {} } },
    })
    const clientInfo = { name: 'c', version: '1', title: 'C' }
    const full = { ...good, [META_CLIENT_INFO]: clientInfo, [META_LOG_LEVEL]: 'error' }
    const outcome = parseEnvelope({ _meta: full })
    assert.ok(outcome.kind === 'envelope')
    assert.deepEqual(outcome.envelope.clientInfo, clientInfo)
    assert.equal(outcome.envelope.logLevel, 'error')
  })

  it('names everything that is wrong', () => {
    const problems = (params: unknown): number => {
      const outcome = parseEnvelope(params)
      return outcome.kind === 'invalid' ? outcome.problems.length : 0
    }
    assert.equal(problems(undefined), 2)
    assert.equal(problems({ _meta: 'x' }), 2)
    assert.equal(problems({ _meta: { ...good, [META_CAPABILITIES]: [] } }), 1)
    const bad = { ...good, [META_CLIENT_INFO]: {}, [META_LOG_LEVEL]: 'loud' }
    assert.equal(problems({ _meta: bad }), 2)
    assert.equal(claimsEnvelope({ _meta: good }), true)
    assert.equal(claimsEnvelope({ _meta: {} }), false)
    assert.equal(claimsEnvelope([]), false)
  })

  it('is written over what is there', () => {
    const params = withEnvelope(
      { name: 'a', _meta: { vendor: 1 } },
      { version: '2026-07-28', capabilities: {}, logLevel: 'info' },
      'tok',
    )
    assert.deepEqual(params, {
      name: 'a',
      _meta: {
        vendor: 1,
        [META_VERSION]: '2026-07-28',
        [META_CAPABILITIES]: {},
        [META_LOG_LEVEL]: 'info',
        progressToken: 'tok',
      },
    })
    assert.equal(progressTokenOf(params), 'tok')
    assert.equal(progressTokenOf({ _meta: { progressToken: {} } }), undefined)
    assert.deepEqual(withMetaKey(undefined, 'a', 1), { _meta: { a: 1 } })
  })
})
