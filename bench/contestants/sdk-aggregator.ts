/**
 * An aggregator built the common way on the official SDK v2: one `Server` and one streamable HTTP transport per session
 * on `node:http`, one shared `Client` per backend. Usage: `sdk-aggregator.ts PORT NAME=URL…`.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { Server, type Tool } from '@modelcontextprotocol/server'

const [port, ...backends] = process.argv.slice(2) as [string, ...string[]]
const tools: Tool[] = []
const routes = new Map<string, { client: Client; name: string }>()
const transports = new Map<string, NodeStreamableHTTPServerTransport>()

for (const backend of backends) {
  const [label, url] = backend.split('=') as [string, string]
  const client = new Client({ name: 'sdk-aggregator', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  for (const tool of (await client.listTools()).tools) {
    const name = `${label}_${tool.name}`
    tools.push({ ...tool, name })
    routes.set(name, { client, name: tool.name })
  }
}

createServer((request, response) => {
  handle(request, response).catch((error: Error) => response.writeHead(500).end(error.message))
}).listen(Number(port), '127.0.0.1', 4096)

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = request.headers['mcp-session-id'] as string | undefined
  const transport = id === undefined ? await openSession() : transports.get(id)
  if (transport === undefined) response.writeHead(404).end()
  else await transport.handleRequest(request, response)
}

async function openSession(): Promise<NodeStreamableHTTPServerTransport> {
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => {
      transports.set(id, transport)
    },
  })
  const server = new Server(
    { name: 'sdk-aggregator', version: '1.0.0' },
    { capabilities: { tools: {} } },
  )
  server.setRequestHandler('tools/list', () => ({ tools }))
  server.setRequestHandler('tools/call', (call) => {
    const route = routes.get(call.params.name)
    if (route === undefined) throw new Error(`Unknown tool ${call.params.name}`)
    return route.client.callTool({ ...call.params, name: route.name })
  })
  await server.connect(transport)
  return transport
}
