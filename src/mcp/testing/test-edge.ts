import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { request as httpRequest } from 'node:http'
import { newUuid } from '../../base/ids.ts'
import { systemNow } from '../../base/clock.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { serveLeanPosts } from '../../net/lean-posts.ts'
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

/** Starts an edge on a free port of the loopback interface, behind the short way for plain POSTs as in the product. */
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
  const lean = serveLeanPosts(server, {
    path: '/mcp',
    serve: (request, response) => void edge.handle(request, response),
    now: systemNow,
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
      lean.closeAll()
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
    // Else Node would announce that it closes, and no request would be plain.
    connection: 'keep-alive',
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

/** Waits for something to happen, 5 s at the most. */
export async function until(condition: () => unknown): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    if (condition()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`It did not happen: ${condition.toString()}`)
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

/** One event of a stream; `data` parsed where it is JSON. */
export interface SseEvent {
  readonly id?: string
  readonly event?: string
  readonly retry?: string
  readonly data: string
  readonly json: Answer['json']
}

/** An event stream that is read as it comes. */
export interface SseReader {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Everything that came, comments too. */
  readonly text: string
  /** The next event; rejects if the stream ends or nothing comes for 5 s. */
  next(): Promise<SseEvent>
  /** Resolves when the server ended the stream. */
  readonly ended: Promise<void>
  /** Cuts the connection. */
  close(): void
}

/** Sends a request and reads its answer as an event stream. */
export function openSse(url: string, asked: Asked): Promise<SseReader> {
  const body = asked.body === undefined ? undefined : JSON.stringify(asked.body)
  const headers: Record<string, string> = {
    connection: 'keep-alive',
    accept: asked.method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...asked.headers,
  }
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      url,
      { method: asked.method ?? 'POST', headers, agent: false },
      (response) => {
        const queue: SseEvent[] = []
        const waiting: { resolve: (event: SseEvent) => void; reject: (error: Error) => void }[] = []
        let text = ''
        let rest = ''
        let over = false
        const ended = new Promise<void>((done) => {
          const end = (): void => {
            over = true
            for (const waiter of waiting.splice(0)) waiter.reject(new Error('The stream has ended'))
            done()
          }
          response.on('end', end)
          response.on('close', end)
          response.on('error', end)
        })
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
          rest += chunk
          const blocks = rest.split('\n\n')
          rest = blocks.pop() ?? ''
          for (const block of blocks) {
            const event = parseEvent(block)
            if (!event) continue
            const waiter = waiting.shift()
            if (waiter) waiter.resolve(event)
            else queue.push(event)
          }
        })
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          get text() {
            return text
          },
          ended,
          next() {
            const event = queue.shift()
            if (event) return Promise.resolve(event)
            if (over) return Promise.reject(new Error('The stream has ended'))
            return new Promise((done, failed) => {
              const timer = setTimeout(() => failed(new Error('No event came')), 5_000)
              waiting.push({
                resolve: (each) => {
                  clearTimeout(timer)
                  done(each)
                },
                reject: (error) => {
                  clearTimeout(timer)
                  failed(error)
                },
              })
            })
          },
          close: () => request.destroy(),
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** Undefined for a comment. */
function parseEvent(block: string): SseEvent | undefined {
  const fields: Record<string, string> = {}
  for (const line of block.split('\n')) {
    if (line.startsWith(':') || line === '') continue
    const colon = line.indexOf(':')
    fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart()
  }
  if (Object.keys(fields).length === 0) return undefined
  const data = fields['data'] ?? ''
  return { ...fields, data, json: parseOrEmpty(data) }
}
