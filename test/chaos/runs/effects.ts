import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { LabMessage } from '../../support/lab-tools.ts'
import { until } from '../../support/until.ts'

/** One call of a tool with a side effect, held until somebody decides. */
export interface Effect {
  /** What the caller calls it: names run, step and item. */
  readonly key: string
  /** Sends the answer; resolves when it was handed to the system. Never, if the connection is gone. */
  answer(): Promise<void>
}

/** A server whose tools do nothing but be counted: `once` must not be called twice, `again` may. */
export interface Effects extends AsyncDisposable {
  /** Value of a `backends[]` entry, without its name. */
  readonly entry: { transport: string; url: string }
  /** How often each effect happened, by its key. */
  readonly counts: Map<string, number>
  /** Is given every call the moment it has arrived; default: answers at once. */
  onCall: (effect: Effect) => void
  /** Resolves when nobody is connected: all that was sent has arrived. */
  idle(): Promise<void>
}

const TOOLS = [
  { name: 'once', inputSchema: { type: 'object' } },
  { name: 'again', inputSchema: { type: 'object' }, annotations: { idempotentHint: true } },
]
const INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'effects', version: '1.0.0' },
}

/** In this process, so that what happened is known here before the gateway can know it. */
export async function startEffects(): Promise<Effects> {
  const counts = new Map<string, number>()
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const effects: Effects = {
    entry: { transport: 'streamable-http', url: `http://127.0.0.1:${port}/mcp` },
    counts,
    onCall: answerAtOnce,
    async idle() {
      const connections = () =>
        new Promise<number>((resolve) => {
          server.getConnections((_, count) => resolve(count))
        })
      await until('all to leave', async () => ((await connections()) === 0 ? true : undefined))
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as LabMessage
    if (message.method === 'server/discover') return void response.writeHead(400).end()
    if (message.id === undefined) return void response.writeHead(202).end()
    if (message.method !== 'tools/call') return send(response, message, basicsOf(message))
    const { key, seen } = readArguments(message)
    counts.set(key, (counts.get(key) ?? 0) + 1)
    const result = { content: [], structuredContent: { seen: seen + 1 } }
    effects.onCall({
      key,
      answer: () =>
        new Promise((resolve) => {
          response.once('finish', resolve)
          send(response, message, result)
        }),
    })
  }

  return effects
}

export function answerAtOnce(effect: Effect): void {
  void effect.answer()
}

function basicsOf({ method }: LabMessage): object {
  if (method === 'initialize') return INITIALIZED
  return method === 'tools/list' ? { tools: TOOLS } : {}
}

function readArguments({ params }: LabMessage): { key: string; seen: number } {
  const { run, step, item, seen } = params?.arguments ?? {}
  const place = [run, step, item].filter((part) => part !== undefined)
  return { key: place.map(String).join('/'), seen: Number(seen ?? 0) }
}

function send(response: ServerResponse, { id }: LabMessage, result: object): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
}
