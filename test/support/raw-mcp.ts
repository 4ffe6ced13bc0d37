/** JSON-RPC by hand, for what an SDK client does not show or cannot do. */
export interface RawMessage {
  readonly jsonrpc?: string
  readonly id?: string | number | null
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { code: number; message: string; data?: unknown }
}

export interface RawReply {
  readonly status: number
  readonly headers: Headers
  /** All messages of the reply: one, or those of its event stream. */
  readonly messages: readonly RawMessage[]
  /** The response itself. */
  readonly response: RawMessage
}

const ACCEPT = 'application/json, text/event-stream'

export interface ModernOptions {
  readonly capabilities?: Record<string, unknown>
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
  readonly meta?: Record<string, unknown>
}

/** A request of 2026-07-28, with its envelope and routing headers. */
export async function sendModern(
  url: string,
  method: string,
  params: Record<string, unknown> = {},
  options: ModernOptions = {},
): Promise<RawReply> {
  return readReply(await openModern(url, method, params, options))
}

/** As `sendModern`, without reading the body. */
export function openModern(
  url: string,
  method: string,
  params: Record<string, unknown> = {},
  { capabilities = {}, headers = {}, signal, meta = {} }: ModernOptions = {},
): Promise<Response> {
  const name = params['name'] ?? params['uri'] ?? params['taskId']
  return fetch(url, {
    method: 'POST',
    ...(signal ? { signal } : {}),
    headers: {
      'content-type': 'application/json',
      accept: ACCEPT,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: nextId(),
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': capabilities,
          'io.modelcontextprotocol/clientInfo': { name: 'raw-client', version: '1.0.0' },
          ...meta,
        },
      },
    }),
  })
}

/** A legacy session over streamable HTTP. */
export interface RawSession {
  readonly id: string
  readonly version: string
  /** Id of the request that was sent last. */
  readonly lastId: () => string
  send(method: string, params?: Record<string, unknown>): Promise<RawReply>
  open(method: string, params?: Record<string, unknown>, signal?: AbortSignal): Promise<Response>
  notify(method: string, params?: Record<string, unknown>): Promise<number>
  /** Answers a request of the server. */
  respond(id: RawMessage['id'], result: Record<string, unknown>): Promise<number>
  /** The standalone stream, or with an event id the rest of that event's stream. */
  get(lastEventId?: string, signal?: AbortSignal): Promise<Response>
}

export async function openSession(
  url: string,
  options: {
    version?: string
    capabilities?: Record<string, unknown>
    headers?: Record<string, string>
  } = {},
): Promise<RawSession> {
  const { version = '2025-11-25', capabilities = {}, headers: own = {} } = options
  const clientInfo = { name: 'raw-client', version: '1.0.0' }
  const params = { protocolVersion: version, capabilities, clientInfo }
  const opened = await post(
    url,
    { jsonrpc: '2.0', id: nextId(), method: 'initialize', params },
    own,
  )
  const reply = await readReply(opened)
  const id = opened.headers.get('mcp-session-id') ?? ''
  const negotiated = String(reply.response.result?.['protocolVersion'])
  const headers = { ...own, 'mcp-session-id': id, 'mcp-protocol-version': negotiated }
  let lastId = ''
  const session: RawSession = {
    id,
    version: negotiated,
    lastId: () => lastId,
    send: async (method, params) => readReply(await session.open(method, params)),
    open(method, params = {}, signal) {
      lastId = nextId()
      return post(url, { jsonrpc: '2.0', id: lastId, method, params }, headers, signal)
    },
    notify: async (method, params = {}) =>
      (await post(url, { jsonrpc: '2.0', method, params }, headers)).status,
    respond: async (id, result) =>
      (await post(url, { jsonrpc: '2.0', id, result }, headers)).status,
    get: (lastEventId, signal) =>
      fetch(url, {
        headers: {
          accept: 'text/event-stream',
          ...headers,
          ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
        },
        ...(signal ? { signal } : {}),
      }),
  }
  await session.notify('notifications/initialized')
  return session
}

export interface SseEvent {
  readonly id: string | undefined
  readonly retryMs: number | undefined
  readonly data: string
}

/** The events of a stream as they arrive; ends with the stream. */
export async function* readEvents(response: Response): AsyncGenerator<SseEvent> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true })
    const blocks = rest.split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const event = parseEvent(block)
      if (event) yield event
    }
  }
}

/** Reads until a message fits; closes the stream. */
export async function findMessage(
  response: Response,
  fits: (message: RawMessage) => boolean,
): Promise<RawMessage> {
  for await (const event of readEvents(response)) {
    if (event.data === '') continue
    const message = JSON.parse(event.data) as RawMessage
    if (fits(message)) return message
  }
  throw new Error('The stream ended before the message came')
}

async function readReply(response: Response): Promise<RawReply> {
  const { status, headers } = response
  const messages: RawMessage[] = []
  if (headers.get('content-type')?.includes('text/event-stream')) {
    for await (const event of readEvents(response)) {
      if (event.data !== '') messages.push(JSON.parse(event.data) as RawMessage)
    }
  } else {
    const text = await response.text()
    if (text !== '') messages.push(JSON.parse(text) as RawMessage)
  }
  const answer = messages.find((message) => 'result' in message || 'error' in message)
  return { status, headers, messages, response: answer ?? {} }
}

function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: ACCEPT, ...headers },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  })
}

function parseEvent(block: string): SseEvent | undefined {
  const fields = new Map<string, string[]>()
  for (const line of block.split(/\r?\n/)) {
    const [, name = '', value = ''] = /^([a-z]+): ?(.*)$/.exec(line) ?? []
    if (name !== '') fields.set(name, [...(fields.get(name) ?? []), value])
    else if (line === 'data') fields.set('data', [...(fields.get('data') ?? []), ''])
  }
  if (fields.size === 0) return undefined
  const retry = fields.get('retry')?.[0]
  return {
    id: fields.get('id')?.[0],
    retryMs: retry === undefined ? undefined : Number(retry),
    data: (fields.get('data') ?? []).join('\n'),
  }
}

function nextId(): string {
  return `raw-${performance.now()}-${Math.random()}`
}
