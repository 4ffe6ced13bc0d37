import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../base/json.ts'
import { scanResponse } from './raw-response.ts'
import { renderRaw, type RenderOptions } from './render-raw.ts'

const SERVER = { name: 'gateway', version: '1' }
const KEY = 'io.modelcontextprotocol/serverInfo'

function rendered(result: JsonObject | string, options: Partial<RenderOptions>): JsonObject {
  const json = typeof result === 'string' ? result : JSON.stringify(result)
  const raw = scanResponse(Buffer.from(`{"result":${json},"jsonrpc":"2.0","id":99}`))
  assert.ok(typeof raw === 'object')
  const chunks = renderRaw(raw, {
    id: 'a"1',
    dialect: 'legacy',
    serverInfoJson: JSON.stringify(SERVER),
    ...options,
  })
  const message = JSON.parse(Buffer.concat(chunks).toString()) as JsonObject
  assert.equal(message['id'], options.id ?? 'a"1')
  assert.equal(message['jsonrpc'], '2.0')
  return message['result'] as JsonObject
}

describe('renderRaw()', () => {
  it('drops what only modern clients know, wherever it stands', () => {
    const modern = {
      resultType: 'complete',
      ttlMs: 3,
      cacheScope: 'public',
      _meta: { [KEY]: { name: 'b', version: '2' } },
    }
    const members = Object.entries({ ...modern, content: [1], more: { resultType: 'x' } })
    fc.assert(
      fc.property(fc.shuffledSubarray(members), fc.boolean(), (chosen, pretty) => {
        const result = Object.fromEntries(chosen)
        const {
          resultType: _1,
          ttlMs: _2,
          cacheScope: _3,
          _meta: _4,
          ...rest
        } = result as JsonObject
        assert.deepEqual(rendered(JSON.stringify(result, null, pretty ? 2 : 0), {}), rest)
      }),
    )
  })

  it('keeps vendor keys and task relations of _meta and drops keys of the hop', () => {
    const meta = {
      'acme/x': 1,
      [KEY]: SERVER,
      'io.modelcontextprotocol/related-task': { taskId: 't' },
      'dev.mcp/y': 2,
    }
    assert.deepEqual(rendered({ content: [], _meta: meta }, {}), {
      content: [],
      _meta: {
        'acme/x': 1,
        'io.modelcontextprotocol/related-task': { taskId: 't' },
        'dev.mcp/y': 2,
      },
    })
  })

  it('stamps result type and server info for modern clients over those of the backend', () => {
    const expected = { resultType: 'complete', _meta: { [KEY]: SERVER } }
    assert.deepEqual(rendered({}, { dialect: 'modern' }), expected)
    assert.deepEqual(rendered('{ }', { dialect: 'modern' }), expected)
    assert.deepEqual(rendered({ content: [] }, { dialect: 'modern' }), { ...expected, content: [] })
    assert.deepEqual(
      rendered(
        { resultType: 'complete', _meta: { [KEY]: { name: 'b', version: '2' }, 'a/b': 1 } },
        { dialect: 'modern' },
      ),
      { resultType: 'complete', _meta: { [KEY]: SERVER, 'a/b': 1 } },
    )
    assert.deepEqual(rendered({ _meta: {} }, { dialect: 'modern' }), expected)
    assert.deepEqual(rendered({ _meta: null }, { dialect: 'modern' }), expected)
  })

  it('adds caching hints only where the backend gave none', () => {
    assert.deepEqual(rendered({ ttlMs: 9 }, { dialect: 'modern', cacheable: true }), {
      resultType: 'complete',
      ttlMs: 9,
      cacheScope: 'private',
      _meta: { [KEY]: SERVER },
    })
  })

  it('adds members to an empty result, however much white space it has', () => {
    const wide = `{${' '.repeat(100)}}`
    assert.deepEqual(rendered(wide, { dialect: 'modern' }), {
      resultType: 'complete',
      _meta: { [KEY]: SERVER },
    })
  })

  it('leaves all other members as they were, for any result', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom('legacy', 'modern'),
        fc.boolean(),
        (value, dialect, pretty) => {
          const result = JSON.parse(JSON.stringify(value)) as JsonObject
          for (const key of ['resultType', '_meta', 'ttlMs', 'cacheScope']) delete result[key]
          const got = rendered(JSON.stringify(result, null, pretty ? 1 : 0), { dialect })
          delete got['resultType']
          delete got['_meta']
          assert.deepEqual(got, result)
        },
      ),
    )
  })
})
