import { describe } from 'node:test'
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
