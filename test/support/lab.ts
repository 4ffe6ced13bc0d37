import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LAB_INITIALIZED, LAB_TOOLS, runLabTool } from './lab-tools.ts'
import type { LabMessage, LabState, LabTool } from './lab-tools.ts'

/**
 * A streamable HTTP server (2025-11-25) in the test's own process, to be troubled at will and asked what it did. Written by
 * hand: no SDK would forget its sessions, or run a call and break off.
 */
export interface Lab extends AsyncDisposable {
  readonly url: string
  /** Value of a `backends[]` entry, without its name. */
  readonly entry: { transport: string; url: string }
  /** Names of the tools that were run, in order. */
  readonly executed: string[]
  /** Arguments of the same calls. */
  readonly called: Record<string, unknown>[]
  /** Calls of tools that run; those that nobody waits for any more too. */
  readonly running: () => number
  /** The most that ran at the same time. */
  mostAtOnce: number
  /** Reasons of the cancellations that were announced. */
  readonly cancelled: string[]
  /** How many requests `initialize` it had. */
  readonly initialized: () => number
  /** Ids of the sessions that live. */
  readonly sessions: () => string[]
  /** Sessions that clients ended. */
  readonly deleted: string[]
  tools: LabTool[]
  /** As after a restart: every session is unknown. */
  forgetSessions(): void
  /** Every POST gets this HTTP status, before it is looked at. */
  refuseWith: number | undefined
  /** The next calls are run, and then the connection breaks instead of an answer. */
  breakNext: number
  /** Every POST waits so long. */
  delayMs: number
  /** Sends a notification on all streams. */
  announce(method: string, params?: object): void
  /** Headers of the last POST. */
  lastHeaders: IncomingMessage['headers']
}

interface Session extends LabState {
  stream: ServerResponse | undefined
}

export interface LabOptions {
  /** Default: any free one. */
  readonly port?: number
  readonly instructions?: string
  /** Added to its capabilities. */
  readonly capabilities?: object
  /** Results of further methods by their params. */
  readonly methods?: Readonly<Record<string, (params: Record<string, unknown>) => object>>
}

export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const { instructions, methods = {} } = options
  const description = {
    ...LAB_INITIALIZED,
    capabilities: { ...LAB_INITIALIZED.capabilities, ...options.capabilities },
    ...(instructions === undefined ? {} : { instructions }),
  }
  const sessions = new Map<string, Session>()
  let initialized = 0
  let running = 0
  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  const lab: Lab = {
    url,
    entry: { transport: 'streamable-http', url },
    executed: [],
    called: [],
    running: () => running,
    mostAtOnce: 0,
    cancelled: [],
    deleted: [],
    initialized: () => initialized,
    sessions: () => [...sessions.keys()],
    tools: [...LAB_TOOLS],
    refuseWith: undefined,
    breakNext: 0,
    delayMs: 0,
    lastHeaders: {},
    forgetSessions() {
      for (const session of sessions.values()) session.stream?.end()
      sessions.clear()
    },
    announce(method, params = {}) {
      for (const { stream } of sessions.values()) {
        stream?.write(toEvent({ jsonrpc: '2.0', method, params }))
      }
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = String(request.headers['mcp-session-id'] ?? '')
    const session = sessions.get(id)
    if (request.method === 'POST') return post(request, response, session)
    if (session === undefined) return void response.writeHead(404).end()
    if (request.method === 'DELETE') {
      session.stream?.end()
      sessions.delete(id)
      lab.deleted.push(id)
      return void response.writeHead(204).end()
    }
    session.stream = response
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(': open\n\n')
  }

  async function post(
    request: IncomingMessage,
    response: ServerResponse,
    session: Session | undefined,
  ): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    lab.lastHeaders = request.headers
    if (lab.delayMs > 0) {
      await new Promise((resolve) => setTimeout(resolve, lab.delayMs).unref())
    }
    if (lab.refuseWith !== undefined) return void response.writeHead(lab.refuseWith).end('no')
    const message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as LabMessage
    if (message.method === 'initialize') {
      initialized++
      const id = randomUUID()
      sessions.set(id, { count: 0, stream: undefined })
      response.setHeader('mcp-session-id', id)
      return answer(response, message, description)
    }
    if (message.method === 'server/discover') return void response.writeHead(400).end('no session')
    if (session === undefined) return void response.writeHead(404).end('unknown session')
    if (message.id === undefined) {
      if (message.method === 'notifications/cancelled') {
        lab.cancelled.push(String(message.params?.reason))
      }
      return void response.writeHead(202).end()
    }
    if (message.method === 'ping') return answer(response, message, {})
    if (message.method === 'tools/list') return answer(response, message, { tools: lab.tools })
    if (message.method !== 'tools/call') {
      const own = methods[message.method ?? '']
      return own ? answer(response, message, own({ ...message.params })) : fail(response, message)
    }
    await call(message, response, session)
  }

  async function call(
    message: LabMessage,
    response: ServerResponse,
    session: Session,
  ): Promise<void> {
    lab.executed.push(message.params?.name ?? '')
    lab.called.push(message.params?.arguments ?? {})
    if (lab.breakNext > 0) {
      lab.breakNext--
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(': running\n\n', () => response.destroy())
      return
    }
    running++
    lab.mostAtOnce = Math.max(lab.mostAtOnce, running)
    const result = await runLabTool(message, session, (method, params) => {
      if (!response.headersSent) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
      }
      response.write(toEvent({ jsonrpc: '2.0', method, params }))
    })
    running--
    answer(response, message, result)
  }

  return lab
}

function answer(response: ServerResponse, { id }: LabMessage, result: object): void {
  const body = { jsonrpc: '2.0', id, result }
  if (response.headersSent) return void response.end(toEvent(body))
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function fail(response: ServerResponse, { id }: LabMessage): void {
  const error = { code: -32601, message: 'Method not found' }
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ jsonrpc: '2.0', id, error }))
}

function toEvent(message: object): string {
  return `data: ${JSON.stringify(message)}\n\n`
}
