/**
 * The bare `node:http` + undici `request` forwarder, the floor. Usage: `forwarder.ts PORT UPSTREAM_URL raw|parsed`.
 *
 * - `raw` passes request and response bytes on, unread.
 * - `parsed` does what the plainest aggregator has to: parse the request, route by name, new id, stringify; parse the
 *   response, old id, stringify.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { Pool, type Dispatcher } from 'undici'

const [port, upstream, mode] = process.argv.slice(2) as [string, string, string]
const url = new URL(upstream)
const pool = new Pool(url.origin, { pipelining: 1 })
const routes = new Map([
  ['small', 'small'],
  ['big', 'big'],
])
let lastId = 0

createServer((request, response) => {
  forward(request, response).catch((error: Error) => {
    response.writeHead(502).end(error.message)
  })
}).listen(Number(port), '127.0.0.1', 4096)

async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readAll(request)
  if (mode === 'raw' || body.length === 0) return forwardRaw(request, response, body)
  await forwardParsed(request, response, body)
}

async function forwardRaw(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<void> {
  const answer = await send(request, body)
  const bytes = await readAll(answer.body)
  response.writeHead(answer.statusCode, responseHeaders(answer, bytes.length))
  response.end(bytes)
}

async function forwardParsed(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<void> {
  const message = JSON.parse(body.toString()) as { id?: number; params?: { name?: string } }
  const { id } = message
  if (message.params?.name !== undefined) {
    message.params.name = routes.get(message.params.name) ?? message.params.name
  }
  if (id !== undefined) message.id = lastId += 1
  const answer = await send(request, JSON.stringify(message))
  const text = await answer.body.text()
  let out = text
  if (text !== '' && id !== undefined) {
    const reply = JSON.parse(text) as { id?: number }
    reply.id = id
    out = JSON.stringify(reply)
  }
  response.writeHead(answer.statusCode, responseHeaders(answer, Buffer.byteLength(out)))
  response.end(out)
}

function send(request: IncomingMessage, body: Buffer | string): Promise<Dispatcher.ResponseData> {
  return pool.request({
    path: url.pathname,
    method: request.method as Dispatcher.HttpMethod,
    headers: requestHeaders(request),
    body: request.method === 'POST' ? body : null,
  })
}

function requestHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (name === 'host' || name === 'connection' || name === 'content-length') continue
    headers[name] = value as string
  }
  return headers
}

function responseHeaders(
  answer: Dispatcher.ResponseData,
  length: number,
): Record<string, string | number> {
  const headers: Record<string, string | number> = { 'content-length': length }
  for (const name of ['content-type', 'mcp-session-id']) {
    const value = answer.headers[name]
    if (value !== undefined) headers[name] = value as string
  }
  return headers
}

/** Faster than the body's own `bytes()` and `arrayBuffer()`. */
function readAll(request: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined
    let parts: Buffer[] | undefined
    request.on('data', (chunk: Buffer) => {
      if (first === undefined) first = chunk
      else (parts ??= [first]).push(chunk)
    })
    request.on('end', () => resolve(parts ? Buffer.concat(parts) : (first ?? Buffer.alloc(0))))
    request.on('error', reject)
  })
}
