import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { request as httpRequest } from 'node:http'
import { newUuid } from '../../base/ids.ts'
import { systemNow } from '../../base/clock.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { silentLogger } from '../../telemetry/logger.ts'
import { createHttpEdge } from '../http-edge.ts'
import type { HttpEdge, HttpEdgeOptions } from '../http-edge.ts'
import { META_CAPABILITIES, META_CLIENT_INFO, META_VERSION } from '../meta.ts'
import { createFakeGateway, principalFromHeader } from './fake-gateway.ts'
import type { FakeGateway } from './fake-gateway.ts'

export const TEST_INFO = { name: 'gateway', version: '9.9.9' }
export const TEST_KEY = Buffer.alloc(32, 7)

/** A running HTTP edge over a fake gateway. */
export interface TestEdge {
  readonly gateway: FakeGateway
  readonly edge: HttpEdge
  readonly server: Server
  readonly origin: string
  readonly url: string
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts an edge on a free port of the loopback interface. */
export async function startTestEdge(options: Partial<HttpEdgeOptions> = {}): Promise<TestEdge> {
  const gateway = createFakeGateway()
  const edge = createHttpEdge({
    port: gateway,
    info: TEST_INFO,
    authenticate: principalFromHeader,
    stateKey: TEST_KEY,
    newId: newUuid,
    now: systemNow,
    log: silentLogger,
    ...options,
  })
  const server = createServer((request, response) => {
    if (!edge.handle(request, response)) response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const origin = `http://127.0.0.1:${port}`
  return {
    gateway,
    edge,
    server,
    origin,
    url: `${origin}/mcp`,
    async [Symbol.asyncDispose]() {
      edge.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; undefined if it is none. */
  readonly json: JsonObject & { id?: Json; result?: JsonObject; error?: JsonObject }
}

export interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
  /** A string goes out as it is, anything else as JSON. */
  readonly body?: unknown
}

/** One HTTP request, read to its end. */
export function send(url: string, asked: Asked): Promise<Answer> {
  const body =
    asked.body === undefined || typeof asked.body === 'string'
      ? asked.body
      : JSON.stringify(asked.body)
  const headers: Record<string, string> = {
    accept: 'application/json, text/event-stream',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...asked.headers,
  }
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      url,
      { method: asked.method ?? 'POST', headers, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: parseOrEmpty(text),
          })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** A legacy session, ready to use. */
export interface LegacyClient {
  readonly sessionId: string
  readonly headers: Record<string, string>
  post(body: unknown, headers?: Record<string, string>): Promise<Answer>
}

export async function initializeLegacy(
  url: string,
  options: {
    version?: string
    capabilities?: JsonObject
    headers?: Record<string, string>
  } = {},
): Promise<LegacyClient> {
  const protocolVersion = options.version ?? '2025-11-25'
  const answer = await send(url, {
    headers: options.headers ?? {},
    body: {
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: {
        protocolVersion,
        capabilities: options.capabilities ?? {},
        clientInfo: { name: 'test', version: '1' },
      },
    },
  })
  const sessionId = String(answer.headers['mcp-session-id'])
  const headers = { ...options.headers, 'mcp-session-id': sessionId }
  return {
    sessionId,
    headers,
    post: (body, extra) => send(url, { body, headers: { ...headers, ...extra } }),
  }
}

/** Body and headers of a modern request. */
export function modern(
  method: string,
  params: JsonObject = {},
  options: { id?: string | number; capabilities?: JsonObject; meta?: JsonObject } = {},
): { body: JsonObject; headers: Record<string, string> } {
  const _meta = {
    [META_VERSION]: '2026-07-28',
    [META_CAPABILITIES]: options.capabilities ?? {},
    [META_CLIENT_INFO]: { name: 'test', version: '1' },
    ...options.meta,
  }
  const name = params['name'] ?? params['uri']
  return {
    body: { jsonrpc: '2.0', id: options.id ?? 1, method, params: { ...params, _meta } },
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    },
  }
}

function parseOrEmpty(text: string): Answer['json'] {
  try {
    return JSON.parse(text) as JsonObject
  } catch {
    return {}
  }
}
