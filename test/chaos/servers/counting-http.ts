/**
 * A streamable HTTP server (2025-11-25) with sessions whose side effects can be counted: `counting-http.ts PORT LEDGER`. Prints a
 * line when it listens, and runs until it is killed.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { LabMessage } from '../../support/lab-tools.ts'
import {
  COUNTING_INITIALIZED,
  COUNTING_TOOLS,
  runCountingTool,
  type CountingState,
} from './counting-tools.ts'

const [port = '0', ledger = ''] = process.argv.slice(2)
const sessions = new Map<string, CountingState>()

const server = createServer((request, response) => {
  void serve(request, response).catch((error: unknown) => response.destroy(error as Error))
})
server.keepAliveTimeout = 60_000
server.listen(Number(port), '127.0.0.1', () => console.log('listening'))

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = String(request.headers['mcp-session-id'] ?? '')
  if (request.method === 'DELETE') {
    return void response.writeHead(sessions.delete(id) ? 204 : 404).end()
  }
  if (request.method !== 'POST') return void response.writeHead(405).end()
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as LabMessage
  if (message.method === 'server/discover') return void response.writeHead(400).end('no session')
  if (message.method === 'initialize') {
    const session = randomUUID()
    sessions.set(session, { session, count: 0 })
    response.setHeader('mcp-session-id', session)
    return answer(response, message, COUNTING_INITIALIZED)
  }
  const state = sessions.get(id)
  if (state === undefined) return void response.writeHead(404).end('unknown session')
  if (message.id === undefined) return void response.writeHead(202).end()
  if (message.method === 'tools/list') return answer(response, message, { tools: COUNTING_TOOLS })
  if (message.method === 'tools/call') {
    return answer(response, message, await runCountingTool(message, state, ledger))
  }
  answer(response, message, {})
}

function answer(response: ServerResponse, { id }: LabMessage, result: object): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
}
