import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BackendTarget } from '../backend-connection.ts'
import { readJson, serveHttp } from './http-tool-servers.ts'
import type { RunningHttp } from './http-tool-servers.ts'

const PROGRAM = new URL('./bad-stdio-program.ts', import.meta.url).pathname

/** A stdio server that misbehaves; see `bad-stdio-program.ts`. */
export function badStdio(mode: string): BackendTarget {
  return { kind: 'stdio', command: process.execPath, args: [PROGRAM, mode], env: {} }
}

interface RpcIn {
  id?: number
  method?: string
  params?: { name?: string }
}

/** Answers a tools/call in its own way. `good` is the result it should give. */
export type Misbehaviour = (
  response: ServerResponse,
  message: RpcIn & { id: number },
  good: object,
  request: IncomingMessage,
) => void

export interface BadHttp extends RunningHttp {
  readonly target: BackendTarget
  /** All requests in the order they came: HTTP method and JSON-RPC method. */
  readonly requests: string[]
}

/** A legacy streamable HTTP server with one session, which answers GET with `get` and tools/call with `misbehave`. */
export async function serveBadHttp(
  misbehave: Misbehaviour,
  get: (response: ServerResponse, request: IncomingMessage) => void = (response) =>
    void response.writeHead(405).end(),
): Promise<BadHttp> {
  const requests: string[] = []
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const message = (await readJson(request)) as RpcIn | undefined
    requests.push(`${request.method} ${message?.method ?? ''}`.trim())
    if (request.method === 'GET') return get(response, request)
    if (request.method !== 'POST') return void response.writeHead(200).end()
    if (message?.id === undefined || message.method === undefined) {
      return void response.writeHead(202).end()
    }
    const { id, method } = message
    if (method === 'initialize') {
      const serverInfo = { name: 'bad', version: '0' }
      const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo }
      return json(response, { jsonrpc: '2.0', id, result }, 200, { 'mcp-session-id': 's1' })
    }
    if (method === 'server/discover') {
      const error = { code: -32000, message: 'Bad Request: Server not initialized' }
      return json(response, { jsonrpc: '2.0', id: null, error }, 400)
    }
    const content = [{ type: 'text', text: message.params?.name ?? '' }]
    misbehave(response, { ...message, id }, { jsonrpc: '2.0', id, result: { content } }, request)
  }
  const running = await serveHttp((request, response) => void serve(request, response))
  const target: BackendTarget = {
    kind: 'http',
    url: `${running.url}/mcp`,
    transport: 'streamable-http',
  }
  return { ...running, target, requests }
}

export function json(
  response: ServerResponse,
  value: object,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}

/** Begins an event stream. */
export function sse(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  return response
}

/** One event with this message. */
export function event(value: object, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(value)}\n\n`
}
