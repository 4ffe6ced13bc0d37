import type { Pool } from 'undici'
import type { JsonObject } from '../../src/base/json.ts'

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** A call as somebody would write it by hand. Throws unless there is a result. */
export async function callTool(pool: Pool, name: string, args: JsonObject): Promise<JsonObject> {
  const params = { name, arguments: args, _meta: META }
  const request = { jsonrpc: '2.0', id: 1_000_001, method: 'tools/call', params }
  const body = JSON.stringify(request)
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': name,
  }
  const response = await pool.request({ method: 'POST', path: '/mcp', headers, body })
  const answer = (await response.body.json()) as { result?: JsonObject }
  if (answer.result === undefined) throw new Error(`no result: ${JSON.stringify(answer)}`)
  return answer.result
}
