import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, isInitializeRequest } from '@modelcontextprotocol/server'
import { SSEServerTransport } from '@modelcontextprotocol/server-legacy/sse'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMemory, createToolServer } from './backend-tools.ts'

/** A server on a free port of the loopback interface. */
export interface RunningHttp extends AsyncDisposable {
  /** Base URL without path. */
  readonly url: string
  /** Ends all connections at once, as a crash would. */
  drop(): void
}

/** The tool server over streamable HTTP of 2026-07-28, at `/mcp`. */
export async function serveModernTools(): Promise<RunningHttp> {
  const memory = createMemory()
  const handler = createMcpHandler(() => createToolServer(memory), { legacy: 'reject' })
  memory.announce = () => handler.notify.toolsChanged()
  const node = toNodeHandler(handler)
  return serveHttp((request, response) => void node(request as never, response))
}

/** The tool server over streamable HTTP with sessions, at `/mcp`. Sessions are forgotten by `forget`. */
export async function serveLegacyTools(): Promise<RunningHttp & { forget(): void }> {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>()
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = request.method === 'POST' ? await readJson(request) : undefined
    const id = request.headers['mcp-session-id'] as string | undefined
    const known = id === undefined ? undefined : sessions.get(id)
    if (known) return known.handleRequest(request, response, body)
    if (id !== undefined || !isInitializeRequest(body)) return refuse(response, id)
    const memory = createMemory()
    const server = createToolServer(memory)
    memory.announce = () => server.sendToolListChanged()
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (created) => void sessions.set(created, transport),
      onsessionclosed: (closed) => void sessions.delete(closed),
    })
    await server.connect(transport)
    return transport.handleRequest(request, response, body)
  }
  const running = await serveHttp((request, response) => void serve(request, response))
  return { ...running, forget: () => sessions.clear() }
}

/** The tool server over HTTP with SSE of 2024-11-05, at `/sse`. */
export function serveSseTools(): Promise<RunningHttp> {
  const sessions = new Map<string, SSEServerTransport>()
  return serveHttp((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (request.method === 'GET' && url.pathname === '/sse') {
      const transport = new SSEServerTransport('/messages', response)
      const memory = createMemory()
      const server = createToolServer(memory)
      memory.announce = () => server.sendToolListChanged()
      sessions.set(transport.sessionId, transport)
      response.on('close', () => sessions.delete(transport.sessionId))
      return void server.connect(transport)
    }
    const transport = sessions.get(url.searchParams.get('sessionId') ?? '')
    if (request.method === 'POST' && transport) {
      return void transport.handlePostMessage(request, response)
    }
    response.writeHead(404).end('Not found')
  })
}

/** Any handler on a free port. */
export async function serveHttp(listener: RequestListener): Promise<RunningHttp> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    drop: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function refuse(response: ServerResponse, id: string | undefined): void {
  const message = id === undefined ? 'Bad Request: Server not initialized' : 'Session not found'
  response.writeHead(id === undefined ? 400 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32000, message } }))
}
