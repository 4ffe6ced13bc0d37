/**
 * What the fixture backends answer, as bytes made once: results first and the id last, as the official SDK's servers
 * write it, so that a gateway that looks for the id has to pass the result.
 */

export type FixtureEra = 'dual' | 'legacy' | 'modern'

export const SMALL_TOOL = 'small'
export const BIG_TOOL = 'big'
export const TOOL_COUNT = 20
export const BIG_TEXT_BYTES = 102_400
export const SMALL_TEXT = 'forty-two passengers, departure 09:41 from platform 7b'
export const BIG_TEXT = bigText()
export const MODERN_VERSION = '2026-07-28'
export const LEGACY_VERSION = '2025-11-25'

const SERVER_INFO = { name: 'bench-fixture', version: '1.0.0' }
const MODERN_META = { 'io.modelcontextprotocol/serverInfo': SERVER_INFO }
const CAPABILITIES = { tools: { listChanged: false } }

export interface FixtureRequest {
  readonly id?: string | number
  readonly method?: string
  readonly params?: { readonly name?: string; readonly _meta?: Record<string, unknown> }
}

/** Everything of a response before the id: `{"result":…,"jsonrpc":"2.0","id":`. */
export type AnswerHead = Buffer | { readonly error: string; readonly httpStatus: number }

const HEADS = {
  legacy: {
    [SMALL_TOOL]: head({ content: [{ type: 'text', text: SMALL_TEXT }] }),
    [BIG_TOOL]: head({ content: [{ type: 'text', text: BIG_TEXT }] }),
    list: head({ tools: tools() }),
    initialize: head({
      protocolVersion: LEGACY_VERSION,
      capabilities: CAPABILITIES,
      serverInfo: SERVER_INFO,
    }),
    empty: head({}),
  },
  modern: {
    [SMALL_TOOL]: head(modern({ content: [{ type: 'text', text: SMALL_TEXT }] })),
    [BIG_TOOL]: head(modern({ content: [{ type: 'text', text: BIG_TEXT }] })),
    list: head(modern({ tools: tools(), ttlMs: 60_000, cacheScope: 'public' })),
    discover: head(
      modern({
        supportedVersions: [MODERN_VERSION],
        capabilities: CAPABILITIES,
        ttlMs: 60_000,
        cacheScope: 'public',
      }),
    ),
  },
}

/** The answer to a request, without its id. */
export function answerHead(request: FixtureRequest, era: FixtureEra): AnswerHead {
  return isModernRequest(request) ? modernHead(request, era) : legacyHead(request, era)
}

export function isModernRequest(request: FixtureRequest): boolean {
  return request.params?._meta?.['io.modelcontextprotocol/protocolVersion'] !== undefined
}

/** A JSON-RPC error as text. */
export function errorText(id: unknown, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error: { code, message } })
}

function modernHead(request: FixtureRequest, era: FixtureEra): AnswerHead {
  if (era === 'legacy') return notModern(request)
  switch (request.method) {
    case 'tools/call':
      return toolHead(HEADS.modern, request)
    case 'tools/list':
      return HEADS.modern.list
    case 'server/discover':
      return HEADS.modern.discover
    default:
      return unknownMethod(request)
  }
}

function legacyHead(request: FixtureRequest, era: FixtureEra): AnswerHead {
  if (era === 'modern') {
    const error = {
      code: -32022,
      message: 'Unsupported protocol version',
      data: { supported: [MODERN_VERSION] },
    }
    return {
      error: JSON.stringify({ jsonrpc: '2.0', id: request.id ?? null, error }),
      httpStatus: 400,
    }
  }
  switch (request.method) {
    case 'tools/call':
      return toolHead(HEADS.legacy, request)
    case 'tools/list':
      return HEADS.legacy.list
    case 'initialize':
      return HEADS.legacy.initialize
    case 'ping':
      return HEADS.legacy.empty
    default:
      return unknownMethod(request)
  }
}

function toolHead(heads: { small: Buffer; big: Buffer }, request: FixtureRequest): AnswerHead {
  const name = request.params?.name
  if (name === SMALL_TOOL) return heads.small
  if (name === BIG_TOOL) return heads.big
  return { error: errorText(request.id, -32602, `Unknown tool "${name}"`), httpStatus: 200 }
}

function notModern(request: FixtureRequest): AnswerHead {
  return {
    error: errorText(request.id, -32000, 'Bad Request: Server not initialized'),
    httpStatus: 400,
  }
}

function unknownMethod(request: FixtureRequest): AnswerHead {
  return { error: errorText(request.id, -32601, 'Method not found'), httpStatus: 404 }
}

function head(result: object): Buffer {
  return Buffer.from(`{"result":${JSON.stringify(result)},"jsonrpc":"2.0","id":`)
}

function modern(result: object): object {
  return { ...result, _meta: MODERN_META, resultType: 'complete' }
}

function tools(): object[] {
  const names = [
    SMALL_TOOL,
    BIG_TOOL,
    ...Array.from({ length: TOOL_COUNT - 2 }, (_, index) => `tool_${index + 3}`),
  ]
  return names.map((name) => ({
    name,
    description: `The ${name} tool of the benchmark, with a description of a common length for such a tool.`,
    inputSchema: {
      type: 'object',
      properties: { n: { type: 'number' }, note: { type: 'string' } },
    },
  }))
}

/** 100 kB that look like a log: a line break every 80 characters, a quoted word every fifth line. */
function bigText(): string {
  let text = ''
  for (let line = 0; text.length < BIG_TEXT_BYTES; line += 1) {
    const start = `${String(line).padStart(6, '0')} 2026-11-22T09:41:07Z gateway `
    const body = line % 5 === 0 ? 'said "ready" to client' : 'relayed a call to a backend'
    text += `${(start + body).padEnd(79, '.')}\n`
  }
  return text.slice(0, BIG_TEXT_BYTES)
}
