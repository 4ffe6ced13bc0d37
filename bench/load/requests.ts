/** The requests of the load, as bytes with the id in a fixed-width place, so that a call costs seven stores. */

export type LoadEra = 'legacy' | 'modern'

export interface Endpoint {
  readonly port: number
  readonly path: string
  readonly era: LoadEra
}

export interface RequestTemplate {
  readonly bytes: Buffer
  /** Writes the next id into the bytes and returns it. Ids have seven digits. */
  nextId(): number
}

const FIRST_ID = 1_000_000
const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench-load', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

export function callTemplate(
  endpoint: Endpoint,
  tool: string,
  session: string | undefined,
): RequestTemplate {
  const params = { name: tool, arguments: { n: 100 } }
  return createTemplate(requestText(endpoint, 'tools/call', params, session, FIRST_ID))
}

/** One whole request as text. `id` undefined makes a notification. */
export function requestText(
  endpoint: Endpoint,
  method: string,
  params: Record<string, unknown>,
  session: string | undefined,
  id: number | undefined,
): string {
  const modern = endpoint.era === 'modern'
  const body = JSON.stringify({
    jsonrpc: '2.0',
    ...(id === undefined ? {} : { id }),
    method,
    params: modern ? { ...params, _meta: MODERN_META } : params,
  })
  const headers = [
    `POST ${endpoint.path} HTTP/1.1`,
    `host: 127.0.0.1:${endpoint.port}`,
    'connection: keep-alive',
    'accept: application/json, text/event-stream',
    'content-type: application/json',
    'user-agent: bench-load/1.0.0',
    ...(modern ? modernHeaders(method, params) : legacyHeaders(method, session)),
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  return `${headers.join('\r\n')}\r\n\r\n${body}`
}

export function initializeText(endpoint: Endpoint): string {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench-load', version: '1.0.0' },
  }
  return requestText(endpoint, 'initialize', params, undefined, 1)
}

export function openStreamText(endpoint: Endpoint, session: string): string {
  const headers = [
    `GET ${endpoint.path} HTTP/1.1`,
    `host: 127.0.0.1:${endpoint.port}`,
    'accept: text/event-stream',
    `mcp-session-id: ${session}`,
    'mcp-protocol-version: 2025-11-25',
  ]
  return `${headers.join('\r\n')}\r\n\r\n`
}

function legacyHeaders(method: string, session: string | undefined): string[] {
  if (method === 'initialize') return []
  return [
    ...(session === undefined ? [] : [`mcp-session-id: ${session}`]),
    'mcp-protocol-version: 2025-11-25',
  ]
}

function modernHeaders(method: string, params: Record<string, unknown>): string[] {
  return [
    'mcp-protocol-version: 2026-07-28',
    `mcp-method: ${method}`,
    ...(method === 'tools/call' ? [`mcp-name: ${String(params.name)}`] : []),
  ]
}

function createTemplate(text: string): RequestTemplate {
  const bytes = Buffer.from(text)
  const place = bytes.lastIndexOf(`"id":${FIRST_ID}`) + 5
  let id = FIRST_ID
  return {
    bytes,
    nextId() {
      id = id === 9_999_999 ? FIRST_ID : id + 1
      let rest = id
      for (let at = place + 6; at >= place; at -= 1) {
        bytes[at] = 48 + (rest % 10)
        rest = Math.floor(rest / 10)
      }
      return id
    },
  }
}
