import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { textOf } from '../support/behind-gateway.ts'
import { connectHttp, type TestClient } from '../support/clients.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { callIn, callModern, logLines, said, stdioLab, toolNames } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openSession, sendModern } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

const PREFIXED = {
  aggregation: {
    conflictResolution: 'prefix',
    conflictResolutionConfig: { prefixFormat: '{workload}_' },
  },
}
const STATE_LOST = 'toolhive.stacklok.dev/stateLost'

describe('what a backend keeps', () => {
  let lab: Lab
  let open: Lab
  let perPrincipal: Lab
  let gateway: Gateway
  before(async () => {
    lab = await startLab()
    open = await startLab()
    perPrincipal = await startLab()
    gateway = await startGateway(
      gatewayConfig(
        {
          lab: lab.entry,
          open: { ...open.entry, sessions: 'shared' },
          person: { ...perPrincipal.entry, sessions: 'perPrincipal' },
          local: stdioLab(),
          bare: { ...stdioLab(), stateless: true },
        },
        PREFIXED,
      ),
    )
    await until('all', async () => ((await toolNames(gateway.url)).length >= 42 ? true : undefined))
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    for (const each of [lab, open, perPrincipal]) await each?.[Symbol.asyncDispose]()
  })

  for (const backend of ['lab', 'local']) {
    it(`stays across the calls of a session and is seen by no other (${backend})`, async () => {
      const one = await openSession(gateway.url)
      const two = await openSession(gateway.url)
      assert.equal(await callIn(one, `${backend}_count`), '1')
      assert.equal(await callIn(one, `${backend}_count`), '2')
      assert.equal(await callIn(two, `${backend}_count`), '1')
      assert.equal(await callIn(one, `${backend}_count`), '3')
    })
  }

  it('ends with the session, at the backend too', async () => {
    const before = lab.deleted.length
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'lab_count'), '1')
    const pid = await callIn(session, 'local_pid')
    const headers = { 'mcp-session-id': session.id }
    const ended = await fetch(gateway.url, { method: 'DELETE', headers })
    assert.equal(ended.status, 204)
    await until('DELETE at the backend', () => (lab.deleted.length > before ? true : undefined))
    await until('the end of its process', () => {
      try {
        process.kill(Number(pid), 0)
        return undefined
      } catch {
        return true
      }
    })
  })

  for (const backend of ['open', 'bare']) {
    it(`is everybody's where the file says it is shared (${backend})`, async () => {
      const one = await openSession(gateway.url)
      const two = await openSession(gateway.url)
      const first = Number(await callIn(one, `${backend}_count`))
      assert.equal(await callIn(two, `${backend}_count`), String(first + 1))
      assert.equal(await callModern(gateway.url, `${backend}_count`), String(first + 2))
    })
  }

  it('is shared by the sessions of one principal where the file says so', async () => {
    const one = await openSession(gateway.url)
    const two = await openSession(gateway.url)
    assert.equal(await callIn(one, 'person_count'), '1')
    assert.equal(await callIn(two, 'person_count'), '2')
    assert.equal(perPrincipal.sessions().length, 2, 'one for the gateway and one for the principal')
  })

  it('is gone after HTTP 404: one new session, and the call that did not run is sent once more', async () => {
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'lab_count'), '1')
    const initialized = lab.initialized()
    const executed = lab.executed.length
    lab.forgetSessions()
    const first = await session.send('tools/call', { name: 'lab_count', arguments: {} })
    assert.equal(said(first), '1')
    assert.deepEqual(first.response.result?.['_meta'], { [STATE_LOST]: { backend: 'lab' } })
    assert.equal(lab.executed.length - executed, 1)
    assert.ok(lab.initialized() - initialized <= 2, 'one for the session, one for the gateway')
    const second = await session.send('tools/call', { name: 'lab_count', arguments: {} })
    assert.equal(said(second), '2')
    assert.equal(second.response.result?.['_meta'], undefined, 'it is told once')
    const lost = logLines(gateway).find(
      (line) => line['session'] === session.id && /is gone/.test(String(line['msg'])),
    )
    assert.equal(lost?.['backend'], 'lab')
  })

  it('makes many calls at once open one new session, not many', async () => {
    const session = await openSession(gateway.url)
    await callIn(session, 'lab_count')
    const initialized = lab.initialized()
    lab.forgetSessions()
    const counts = await Promise.all(Array.from({ length: 8 }, () => callIn(session, 'lab_count')))
    assert.deepEqual(counts.map(Number).toSorted(), [1, 2, 3, 4, 5, 6, 7, 8])
    assert.ok(lab.initialized() - initialized <= 2)
  })

  it('is lost for good where the backend forgets every session at once: one try, then an error', async () => {
    const session = await openSession(gateway.url)
    await callIn(session, 'lab_count')
    const executed = lab.executed.length
    lab.refuseWith = 404
    assert.match(await callIn(session, 'lab_count'), /^error -3\d+: /)
    lab.refuseWith = undefined
    assert.equal(lab.executed.length, executed)
    assert.equal(await callIn(session, 'lab_count'), '1')
  })

  it('may have changed when a call breaks off: only tools that say so run twice', async () => {
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'lab_count'), '1')
    for (const [name, runs, answer] of [
      ['write', 1, /^error .*went away before it answered/],
      ['look', 2, /^done look$/],
      ['set', 2, /^done set$/],
    ] as const) {
      lab.executed.length = 0
      lab.breakNext = 1
      assert.match(await callIn(session, `lab_${name}`), answer)
      assert.deepEqual(
        lab.executed,
        Array.from({ length: runs }, () => name),
      )
    }
    lab.executed.length = 0
    lab.breakNext = 2
    assert.match(await callIn(session, 'lab_look'), /^error /)
    assert.equal(lab.executed.length, 2, 'at most once more')
    assert.equal(await callIn(session, 'lab_count'), '2', 'the session there is the same')
  })
})

describe('a modern backend that wants other headers than it said', () => {
  it('is asked for its tools again, and the call is sent again, once', async () => {
    let header = 'old'
    let calls = 0
    let lists = 0
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as {
          id?: number
          method: string
        }
        const answer = (status: number, body: object) =>
          response
            .writeHead(status, { 'content-type': 'application/json' })
            .end(JSON.stringify({ jsonrpc: '2.0', id, ...body }))
        const property = { type: 'string', 'x-mcp-header': header }
        if (method === 'server/discover') {
          return answer(200, {
            result: {
              resultType: 'complete',
              supportedVersions: ['2026-07-28'],
              capabilities: { tools: {} },
              ttlMs: 0,
              cacheScope: 'private',
              _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'm', version: '1' } },
            },
          })
        }
        if (method === 'tools/list') {
          lists++
          const inputSchema = { type: 'object', properties: { region: property } }
          const tools = [{ name: 'go', inputSchema }]
          return answer(200, {
            result: { resultType: 'complete', tools, ttlMs: 0, cacheScope: 'private' },
          })
        }
        if (method !== 'tools/call') {
          return answer(404, { error: { code: -32601, message: 'Method not found' } })
        }
        calls++
        if (request.headers[`mcp-param-${header}`] === undefined) {
          return answer(400, { error: { code: -32020, message: `Mcp-Param-${header} is missing` } })
        }
        return answer(200, {
          result: { resultType: 'complete', content: [{ type: 'text', text: `went ${header}` }] },
        })
      })
    })
    await using _ = await listening(server)
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
    await using gateway = await startGateway(
      gatewayConfig({ modern: { transport: 'streamable-http', url } }),
    )
    const go = (name: string) =>
      sendModern(
        gateway.url,
        'tools/call',
        { name: 'go', arguments: { region: 'eu' } },
        { headers: { [`mcp-param-${name}`]: 'eu' } },
      )
    const first = await go('old')
    assert.match(JSON.stringify(first.response), /went old/)
    const before = lists
    header = 'new'
    const second = await go('old')
    assert.match(JSON.stringify(second.response), /went new/)
    assert.deepEqual([calls, lists - before], [3, 1])
  })
})

async function listening(server: Server): Promise<AsyncDisposable> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

describe('a stdio server that serves both eras', () => {
  it('gets a process of its own for a legacy client that can be asked', async () => {
    const args = [fileURLToPath(new URL('../fixtures/servers/dual-stdio.ts', import.meta.url))]
    const dual = { transport: 'stdio', command: process.execPath, args }
    await using gateway = await startGateway(gatewayConfig({ dual }))
    const pidOf = async ({ client }: TestClient) =>
      textOf(await client.callTool({ name: 'pid', arguments: {} }))
    await using modern = await connectHttp(gateway.url, { era: 'modern' })
    await using asked = await connectHttp(gateway.url, { era: 'legacy' })
    await using other = await connectHttp(gateway.url, { era: 'legacy', capabilities: {} })
    const shared = await pidOf(modern)
    assert.equal(await pidOf(other), shared, 'nobody can be asked: no process is needed')
    assert.notEqual(await pidOf(asked), shared)
    const greeting = await asked.client.callTool({ name: 'ask', arguments: {} })
    assert.equal(textOf(greeting), 'Hello, Ada!')
  })
})
