import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scanResponse } from '../raw-response.ts'
import { modernReply, showId, splitBatch } from './answer.ts'

const batchOf = (text: string): string[] | undefined =>
  splitBatch(Buffer.from(text))?.map((each) => each.toString('utf8'))

describe('splitBatch()', () => {
  it('takes a batch apart and keeps the numbers of its messages', () => {
    const big = '{"id":1,"result":{"n":12345678901234567890}}'
    assert.deepEqual(batchOf(` [${big}, {"method":"x"}]`), [big, '{"method":"x"}'])
  })

  it('takes nothing for a batch that holds another one, or no messages, or too many', () => {
    assert.equal(batchOf(`${'['.repeat(6000)}${']'.repeat(6000)}`), undefined)
    assert.equal(batchOf('[[{"method":"x"}]]'), undefined)
    assert.equal(batchOf('[1,null]'), undefined)
    assert.equal(batchOf(`[${Array(101).fill('{}').join(',')}]`), undefined)
    assert.equal(batchOf('{"method":"x"}'), undefined)
  })
})

describe('modernReply()', () => {
  const kindOf = (result: string): string | undefined => {
    const scanned = scanResponse(Buffer.from(`{"jsonrpc":"2.0","id":1,"result":${result}}`))
    assert.ok(typeof scanned === 'object')
    return modernReply(scanned)?.kind
  }

  it('reads questions, with and without params', () => {
    const roots = '{"a":{"method":"roots/list"}}'
    assert.equal(kindOf(`{"resultType":"input_required","inputRequests":${roots}}`), 'input')
    assert.equal(kindOf('{"resultType":"input_required","requestState":"s"}'), 'input')
  })

  it('refuses what is not a question, and strings that are not JSON', () => {
    for (const requests of ['{"a":1}', '{"a":null}', '{"a":{"method":"tools/call"}}', '[]', '1']) {
      const result = `{"resultType":"input_required","inputRequests":${requests}}`
      assert.equal(kindOf(result), undefined, result)
    }
    const badParams = '{"a":{"method":"elicitation/create","params":"x"}}'
    assert.equal(kindOf(`{"resultType":"input_required","inputRequests":${badParams}}`), undefined)
    assert.equal(kindOf(String.raw`{"resultType":"\q"}`), undefined)
    assert.equal(kindOf(String.raw`{"resultType":"input_required","requestState":"\q"}`), undefined)
  })
})

describe('showId()', () => {
  it('cuts a long one', () => {
    assert.equal(showId('i'.repeat(1_000_000)).length, 100)
    assert.equal(showId(undefined), 'undefined')
  })
})
