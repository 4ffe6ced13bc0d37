const VERSION = '2026-07-28'

/** Sends one request of the modern protocol with the headers and the envelope it asks for; the JSON-RPC reply. */
export async function modernCall(
  url: string,
  method: string,
  params: Record<string, unknown> = {},
): Promise<{ result?: Record<string, unknown>; error?: { code: number; message: string } }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': VERSION,
      'mcp-method': method,
      ...(typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {}),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method,
      params: { ...params, _meta: envelope() },
    }),
  })
  const text = await response.text()
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  return JSON.parse(isStream ? lastData(text) : text) as Awaited<ReturnType<typeof modernCall>>
}

function envelope(): Record<string, unknown> {
  return {
    'io.modelcontextprotocol/protocolVersion': VERSION,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'toolhive-tests', version: '1' },
  }
}

function lastData(stream: string): string {
  return (
    stream
      .match(/^data: .*$/gm)
      ?.at(-1)
      ?.slice('data: '.length) ?? 'null'
  )
}
