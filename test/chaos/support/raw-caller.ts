import { findMessage, type RawMessage } from '../../support/raw-mcp.ts'
import type { Answer, Caller, Request } from './wire.ts'

const ACCEPT = 'application/json, text/event-stream'
const JSON_TYPE = { 'content-type': 'application/json', accept: ACCEPT }
const CLIENT = { name: 'chaos', version: '1.0.0' }
const LEGACY = '2025-11-25'
const MODERN = '2026-07-28'

/** A legacy client by hand: one session, which it keeps as long as it is let. */
export function createLegacyCaller(url: string): Caller {
  let headers: Record<string, string> = {}
  let nextId = 1
  const caller: Caller = {
    kind: 'legacy',
    hasSession: true,
    async open(signal) {
      const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: CLIENT }
      const body = { jsonrpc: '2.0', id: nextId++, method: 'initialize', params }
      const response = await post(url, body, {}, signal)
      const session = response.headers.get('mcp-session-id')
      await response.text()
      if (session === null) throw new Error(`initialize: HTTP ${response.status}`)
      headers = { 'mcp-session-id': session, 'mcp-protocol-version': LEGACY }
      const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }
      await (await post(url, initialized, headers, signal)).text()
    },
    async send({ method, params }, signal) {
      const body = { jsonrpc: '2.0', id: nextId++, method, params }
      return readAnswer(await post(url, body, headers, signal))
    },
    async close() {
      const signal = AbortSignal.timeout(5000)
      await fetch(url, { method: 'DELETE', headers, signal }).catch(() => {})
    },
  }
  return caller
}

/** A client of 2026-07-28 by hand. */
export function createModernCaller(url: string): Caller {
  let nextId = 1
  return {
    kind: 'modern',
    hasSession: false,
    open: async () => {},
    async send(request, signal) {
      const { method, params } = request
      const meta = {
        'io.modelcontextprotocol/protocolVersion': MODERN,
        'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
        'io.modelcontextprotocol/clientInfo': CLIENT,
        ...(params['_meta'] as object | undefined),
      }
      const body = { jsonrpc: '2.0', id: nextId++, method, params: { ...params, _meta: meta } }
      return readAnswer(await post(url, body, modernHeaders(request), signal))
    },
    close: async () => {},
  }
}

function modernHeaders({ method, params }: Request): Record<string, string> {
  const { name } = params
  return {
    'mcp-protocol-version': MODERN,
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  }
}

function post(
  url: string,
  body: object,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify(body),
    signal,
  })
}

async function readAnswer(response: Response): Promise<Answer> {
  const { status, headers } = response
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined
  return { status, retryAfterMs, message: await readMessage(response) }
}

async function readMessage(response: Response): Promise<RawMessage | undefined> {
  const type = response.headers.get('content-type') ?? ''
  if (type.includes('text/event-stream')) {
    return findMessage(response, (message) => 'result' in message || 'error' in message)
  }
  const text = await response.text()
  return type.includes('json') && text !== '' ? (JSON.parse(text) as RawMessage) : undefined
}
