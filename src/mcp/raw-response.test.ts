import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { skipSpace, skipValue } from './json-skip.ts'
import { parseRawResult, scanResponse, type RawResponse } from './raw-response.ts'

function scanned(text: string): RawResponse {
  const raw = scanResponse(Buffer.from(text))
  assert.ok(raw !== undefined && typeof raw === 'object', `not a result: ${text}`)
  return raw
}

describe('scanResponse()', () => {
  it('finds id and result in any order of members', () => {
    for (const text of [
      '{"jsonrpc":"2.0","id":7,"result":{"content":[]}}',
      '{"result":{"content":[]},"jsonrpc":"2.0","id":7}',
      ' {\n"id" : 7 , "result" : {"content" : [ ] } , "jsonrpc":"2.0" } ',
    ]) {
      const raw = scanned(text)
      assert.equal(raw.id, 7)
      assert.deepEqual(parseRawResult(raw), { content: [] })
    }
  })

  it('keeps the JSON type of the id', () => {
    assert.equal(scanned('{"id":"7","result":{}}').id, '7')
    assert.equal(scanned('{"id":-7,"result":{}}').id, -7)
  })

  it('sees isError, resultType, caching hints and _meta of the result only at its first level', () => {
    const raw = scanned(
      '{"id":1,"result":{"content":[{"isError":true,"_meta":{"a":1}}],"resultType":"task","ttlMs":5,"cacheScope":"public","isError":false}}',
    )
    assert.equal(raw.isError, false)
    assert.equal(raw.meta, undefined)
    assert.ok(raw.resultType && raw.ttlMs && raw.cacheScope)
    assert.equal(scanned('{"id":1,"result":{"isError":true}}').isError, true)
  })

  it('tells errors and messages apart from results', () => {
    assert.equal(scanResponse(Buffer.from('{"id":1,"error":{"code":1,"message":"x"}}')), 'error')
    assert.equal(
      scanResponse(Buffer.from('{"jsonrpc":"2.0","method":"notifications/progress"}')),
      'message',
    )
    assert.equal(scanResponse(Buffer.from('{"id":1,"method":"roots/list","result":{}}')), 'message')
  })

  it('refuses what is not one well-formed response', () => {
    for (const text of [
      '',
      '[]',
      'null',
      '{"id":1,"result":[]}',
      '{"id":1,"result":{}',
      '{"id":1,"result":{}} x',
      '{"id":1,"result":{},}',
      '{"id":1,"result":{"a":}}',
      '{"id":1,"result":{"a":[1,]}}',
      '{"id":1,"result":{"a":tru}}',
      '{"id":1,"result":{"a":01}}',
      '{"id":1,"result":{"a":"x}}',
      '{"id":null,"result":{}}',
      '{"result":{}}',
      '{"id":1,"result":{"a":1},"result":{"b":1}}',
      '{"id":1,"result":{"a":1},"\\u0072esult":{"b":1}}',
      `{"id":1,"result":{"a":${'['.repeat(600)}${']'.repeat(600)}}}`,
    ]) {
      assert.equal(scanResponse(Buffer.from(text)), undefined, text)
    }
  })

  it('reads texts with long stretches of escaped quotes', () => {
    const result = {
      content: [{ type: 'text', text: JSON.stringify({ a: '"'.repeat(3000) }).repeat(20) }],
    }
    const raw = scanned(JSON.stringify({ result, id: 1, jsonrpc: '2.0' }))
    assert.deepEqual(parseRawResult(raw), result)
  })

  it('agrees with JSON.parse on every JSON value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.boolean(), (result, pretty) => {
        const text = JSON.stringify({ jsonrpc: '2.0', result, id: 3 }, null, pretty ? 2 : 0)
        const raw = scanned(text)
        assert.deepEqual(parseRawResult(raw), JSON.parse(JSON.stringify(result)))
      }),
    )
  })
})

describe('skipValue()', () => {
  it('ends where the value ends, and refuses every damaged text that JSON.parse refuses for its structure', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.nat(),
        fc.constantFrom('{', '}', '[', ']', ',', ':', '"', 'x', '1'),
        (value, at, damage) => {
          const text = JSON.stringify(value)
          const bytes = Buffer.from(text)
          assert.equal(skipValue(bytes, 0), bytes.length)
          const cut = at % (text.length + 1)
          const broken = text.slice(0, cut) + damage + text.slice(cut)
          const brokenBytes = Buffer.from(broken)
          const end = skipValue(brokenBytes, skipSpace(brokenBytes, 0))
          if (end === brokenBytes.length) assert.equal(structureError(broken), undefined, broken)
        },
      ),
      { numRuns: 500 },
    )
  })
})

/** What JSON.parse finds wrong; escapes within strings do not count, the walk leaves them to whoever decodes. */
function structureError(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    const { message } = error as SyntaxError
    return /escape/i.test(message) ? undefined : message
  }
}
