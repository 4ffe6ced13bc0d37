import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createOutbound } from '../net/outbound.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { detectEra } from './connect-backend.ts'
import { backendConnectionSuite } from './testing/backend-connection.testsuite.ts'
import type { BackendUnderTest } from './testing/backend-connection.testsuite.ts'
import { serveLegacyTools, serveModernTools, serveSseTools } from './testing/http-tool-servers.ts'
import type { RunningHttp } from './testing/http-tool-servers.ts'

const PROGRAM = new URL('./testing/stdio-tool-server.ts', import.meta.url).pathname

describe('connectBackend', { concurrency: true }, () => {
  backendConnectionSuite('stdio, legacy', async () => stdio('legacy'))
  backendConnectionSuite('stdio, modern', async () => stdio('modern'))
  backendConnectionSuite('streamable HTTP, legacy', async () =>
    http(await serveLegacyTools(), '/mcp', 'legacy', 'streamable-http'),
  )
  backendConnectionSuite('streamable HTTP, modern', async () =>
    http(await serveModernTools(), '/mcp', 'modern', 'streamable-http'),
  )
  backendConnectionSuite('SSE', async () => http(await serveSseTools(), '/sse', 'legacy', 'sse'))
})

describe('detectEra', () => {
  it('says what can be remembered, and leaves no session behind', async () => {
    await using backend = http(await serveModernTools(), '/mcp', 'modern', 'streamable-http')
    const outbound = createOutbound()
    const found = await detectEra(backend.target, {
      name: 'probed',
      clientInfo: { name: 'gateway', version: '1' },
      capabilities: {},
      connectTimeoutMs: 5000,
      log: silentLogger,
      outbound,
    })
    await outbound.close()
    assert.partialDeepStrictEqual(found, {
      era: 'modern',
      version: '2026-07-28',
      transport: 'streamable-http',
      server: { info: { name: 'tool-server' } },
    })
  })
})

function stdio(era: 'legacy' | 'modern'): BackendUnderTest {
  return {
    target: { kind: 'stdio', command: process.execPath, args: [PROGRAM, era], env: {} },
    era,
    transport: 'stdio',
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

function http(
  server: RunningHttp,
  path: string,
  era: 'legacy' | 'modern',
  transport: 'streamable-http' | 'sse',
): BackendUnderTest {
  return {
    target: { kind: 'http', url: server.url + path, transport },
    era,
    transport,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
