import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What came in: the parsed message to decide by, and the text to look at. */
export interface RawRequest {
  readonly id: number
  readonly method: string
  readonly tool: string | undefined
  readonly text: string
}

/** Takes the response into its own hands, or gives the text of `"result":…` to be wrapped. */
export type RawAnswer = (request: RawRequest, response: ServerResponse) => string | undefined

export interface RawBackend extends AsyncDisposable {
  /** For the file of a gateway. */
  readonly entry: Record<string, unknown>
}

/** A stateless legacy server that writes its answers by hand, byte by byte, with these tools (JSON text of an array). */
export async function startRawBackend(toolsJson: string, answer: RawAnswer): Promise<RawBackend> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      if (request.method === 'POST') serve(text, response)
      else response.writeHead(405).end()
    })
  })
  const serve = (text: string, response: ServerResponse) => {
    const message = JSON.parse(text) as {
      id?: number
      method: string
      params?: { name?: string }
    }
    const { id, method, params } = message
    if (id === undefined) {
      response.writeHead(202).end()
      return
    }
    const result =
      BASICS[method]?.(toolsJson) ?? answer({ id, method, tool: params?.name, text }, response)
    if (result === undefined) return
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(`{"jsonrpc":"2.0","id":${id},"result":${result}}`)
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    entry: { transport: 'streamable-http', url: `http://127.0.0.1:${port}/mcp` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

const BASICS: Record<string, ((toolsJson: string) => string) | undefined> = {
  initialize: () =>
    '{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"raw","version":"1"}}',
  'tools/list': (toolsJson) => `{"tools":${toolsJson}}`,
}
