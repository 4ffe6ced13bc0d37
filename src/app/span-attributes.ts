import type { JsonObject } from '../base/json.ts'
import type { Call } from '../mcp/call.ts'
import type { Attributes } from '../telemetry/tracing.ts'

/** `tools/call echo`, `prompts/get review`, else the method: uris are too many for names. */
export function spanName(method: string, params: JsonObject): string {
  const { name } = params
  const isNamed = method === 'tools/call' || method === 'prompts/get'
  return isNamed && typeof name === 'string' ? `${method} ${name}` : method
}

/**
 * What a span tells of a call, by the OpenTelemetry conventions for MCP; `useLegacy` adds the names of older versions.
 * Arguments are left out: they may be anybody's secret.
 */
export function spanAttributes(call: Call, useLegacy: boolean): Attributes {
  const { method, params, client } = call
  const isHttp = call.headers !== undefined
  const tool = method === 'tools/call' ? textOf(params['name']) : undefined
  const prompt = method === 'prompts/get' ? textOf(params['name']) : undefined
  const uri = textOf(params['uri'])
  const attributes: Attributes = {
    'mcp.method.name': method,
    'rpc.system.name': 'jsonrpc',
    'mcp.protocol.version': client.version,
    'mcp.session.id': call.session?.id,
    'mcp.client.name': client.info?.name,
    'gen_ai.operation.name': tool === undefined ? undefined : 'execute_tool',
    'gen_ai.tool.name': tool,
    'gen_ai.prompt.name': prompt,
    'mcp.resource.uri': uri,
    'network.transport': isHttp ? 'tcp' : 'pipe',
    'network.protocol.name': isHttp ? 'http' : undefined,
    'client.address': call.source,
  }
  if (!useLegacy) return attributes
  return {
    ...attributes,
    'mcp.method': method,
    'rpc.system': 'jsonrpc',
    'rpc.service': 'mcp',
    'mcp.tool.name': tool,
    'mcp.prompt.name': prompt,
    'mcp.resource.id': uri ?? tool ?? prompt,
    'mcp.transport': isHttp ? 'streamable-http' : 'stdio',
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
