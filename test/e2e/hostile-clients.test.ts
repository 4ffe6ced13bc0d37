import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { startRawBackend, type RawBackend } from '../support/raw-backend.ts'

const U64 = '18446744073709551615'
const TOOLS = `[{"name":"echo","inputSchema":{"type":"object","properties":{"n":{"type":"integer","maximum":${U64}}}}}]`
const META =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}'

describe('a client that sends what is hard to pass on', () => {
  let backend: RawBackend | undefined
  let gateway: Gateway | undefined
  let received = ''
  before(async () => {
    backend = await startRawBackend(TOOLS, ({ text }) => {
      received = text
      return `{"content":[{"type":"text","text":"ok"}],"structuredContent":{"n":${U64},"e":1e400}}`
    })
    gateway = await startGateway(gatewayConfig({ raw: backend.entry }))
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await backend?.[Symbol.asyncDispose]()
  })

  const post = async (
    body: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<string> => {
    const response = await fetch(gateway?.url ?? '', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        ...headers,
      },
      body,
    })
    return response.text()
  }
  const call = (args: string): Promise<string> =>
    post(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${args},${META}}}`,
      { 'mcp-method': 'tools/call', 'mcp-name': 'echo' },
    )

  it('has its numbers passed on as it wrote them, and gets those of the backend so', async () => {
    const args = `{"n":${U64},"e":1e400,"f":0.1000000000000000055511151231257827,"i":1}`
    const answer = await call(args)
    assert.ok(received.includes(`"arguments":${args}`), received)
    assert.ok(answer.includes(`"structuredContent":{"n":${U64},"e":1e400}`), answer)
  })

  it('sees the numbers of a schema as the backend wrote them', async () => {
    const answer = await post(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{${META}}}`, {
      'mcp-method': 'tools/list',
    })
    assert.ok(answer.includes(`"maximum":${U64}`), answer)
  })

  it('has the names of prototypes and half characters passed on like any other', async () => {
    const args = String.raw`{"__proto__":{"a":1},"constructor":{"prototype":{"b":2}},"s":"\ud800"}`
    await call(args)
    assert.ok(received.includes(`"arguments":${args}`), received)
  })

  it('is refused what is too deep to be written again, and what is not UTF-8', async () => {
    received = ''
    const deep = await call(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)
    assert.match(deep, /-32700/)
    const [head = '', tail = ''] =
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":"@"},${META}}}`.split(
        '@',
      )
    const broken = Buffer.concat([Buffer.from(head), Buffer.from([0xff]), Buffer.from(tail)])
    const answer = await post(broken, { 'mcp-method': 'tools/call', 'mcp-name': 'echo' })
    assert.match(answer, /-32700/)
    assert.equal(received, '')
  })

  it('is told nothing of the gateway under a name that is not ours, as after DNS rebinding', async () => {
    const statusOf = (path: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const { port } = new URL(gateway?.url ?? '')
        const headers = { host: 'evil.example' }
        request({ port, host: '127.0.0.1', path, headers }, (response) =>
          resolve(response.resume().statusCode),
        )
          .on('error', reject)
          .end()
      })
    assert.equal(await statusOf('/status'), 403)
    assert.equal(await statusOf('/metrics'), 403)
    assert.equal(await statusOf('/api/backends/health'), 403)
    assert.equal(await statusOf('/sse'), 403)
    assert.equal(await statusOf('/health'), 200)
  })
})
