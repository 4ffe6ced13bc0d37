import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import { scanResponse } from '../mcp/raw-response.ts'
import { errorReply, resultReply, type Reply } from '../mcp/reply.ts'
import { listAll } from './list-backend.ts'

/** A backend that answers with these pages one after another and keeps what it was asked. */
function backendWith(pages: Reply[]) {
  const asked: JsonObject[] = []
  const request = async (_method: string, params: JsonObject): Promise<Reply> => {
    asked.push(params)
    return pages[asked.length - 1] ?? errorReply(-32603, 'asked too often')
  }
  return { asked, request }
}

function raw(result: JsonObject): Reply {
  const response = scanResponse(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result })))
  assert.ok(typeof response === 'object')
  return { kind: 'raw', response }
}

const inputSchema = { type: 'object' }

const failsWith = (reason: RegExp) => (error: { code: string; message: string }) =>
  error.code === 'GATEWAY_LIST_FAILED' && reason.test(error.message)

describe('listAll', () => {
  it('follows cursors to the end, the empty one too, in bytes and in values', async () => {
    const { asked, request } = backendWith([
      raw({ tools: [{ name: 'a', inputSchema, icons: [] }], nextCursor: '' }),
      resultReply({ tools: [{ name: 'b', inputSchema }], nextCursor: 'next' }),
      raw({ tools: [] }),
    ])
    assert.deepEqual(await listAll(request, 'tools/list'), [
      { name: 'a', inputSchema, icons: [] },
      { name: 'b', inputSchema },
    ])
    assert.deepEqual(asked, [{}, { cursor: '' }, { cursor: 'next' }])
  })

  it('leaves out what has no uri', async () => {
    const items = [{ uri: 'x://1', name: 'x' }, { uri: 1 }, { name: 'x' }, null, 'x', []]
    const { request } = backendWith([raw({ resources: items })])
    assert.deepEqual(await listAll(request, 'resources/list'), [{ uri: 'x://1', name: 'x' }])
  })

  it('takes a missing method for an empty list', async () => {
    const { request } = backendWith([errorReply(-32601, 'Method not found')])
    assert.deepEqual(await listAll(request, 'resources/templates/list'), [])
  })

  it('refuses a cursor that comes twice', async () => {
    const page = raw({ prompts: [{ name: 'p' }], nextCursor: 'again' })
    const { asked, request } = backendWith([page, page, page])
    await assert.rejects(listAll(request, 'prompts/list'), failsWith(/"again" came twice/))
    assert.equal(asked.length, 2)
  })

  it('refuses a list that is longer, larger or slower than anybody has', async () => {
    let page = 0
    const request = async (): Promise<Reply> =>
      raw({ tools: [{ name: `t${page}`, text: 'x'.repeat(1000) }], nextCursor: `c${page++}` })
    const bounds = { maxPages: 1000, maxItems: 1000, maxBytes: 1e6, maxMs: 60_000 }
    const list = (changed: object) =>
      listAll(request, 'tools/list', { bounds: { ...bounds, ...changed } })
    await assert.rejects(list({ maxItems: 5 }), failsWith(/more than 5 items/))
    await assert.rejects(list({ maxBytes: 5000 }), failsWith(/more than 5000 bytes/))
    await assert.rejects(list({ maxMs: -1 }), failsWith(/no end within/))
  })

  it('refuses a list without end', async () => {
    let pages = 0
    const endless = async () => resultReply({ tools: [], nextCursor: String(++pages) })
    await assert.rejects(listAll(endless, 'tools/list'), failsWith(/more than 10000 pages/))
    assert.equal(pages, 10_000)
  })

  it('refuses results without the list, and passes on errors', async () => {
    for (const [reply, reason] of [
      [raw({}), /no array "tools"/],
      [raw({ tools: {} }), /no array "tools"/],
      [errorReply(-32603, 'broken'), /broken/],
      [{ kind: 'input' } as const, /not a result/],
    ] as const) {
      await assert.rejects(listAll(backendWith([reply]).request, 'tools/list'), failsWith(reason))
    }
    const half = backendWith([
      raw({ tools: [], nextCursor: 'x' }),
      errorReply(-32601, 'Method not found'),
    ])
    await assert.rejects(listAll(half.request, 'tools/list'), failsWith(/Method not found/))
  })
})
