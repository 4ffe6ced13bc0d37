import type { Client, Tool } from '@modelcontextprotocol/client'
import { connectHttp, type Era, type TestClient } from '../support/clients.ts'

interface ScenarioContext {
  readonly toolCalls?: readonly { name: string; arguments: Record<string, unknown> }[]
}

/** What a client has to do in each client scenario of the official suite, given a connection. */
const SCENARIOS: Readonly<
  Record<string, (client: Client, context: ScenarioContext) => Promise<void>>
> = {
  initialize: async (client) => void (await client.listTools()),
  'request-metadata': async (client) => void (await client.listTools()),
  'json-schema-ref-no-deref': async (client) => void (await client.listTools()),
  tools_call: async (client) => {
    await client.listTools()
    await client.callTool({ name: 'add_numbers', arguments: { a: 5, b: 3 } })
  },
  'elicitation-sep1034-client-defaults': callAll,
  'sse-retry': callAll,
  'http-invalid-tool-headers': callAll,
  'sep-2322-client-request-state': async (client) => {
    await client.listTools()
    for (const name of ['echo_state', 'unrelated', 'no_state', 'no_result_type']) {
      await client.callTool({ name: `test_mrtr_${name}`, arguments: {} })
    }
  },
  'http-standard-headers': async (client) => {
    await callAll(client)
    const { resources } = await client.listResources()
    for (const { uri } of resources) await client.readResource({ uri })
    const { prompts } = await client.listPrompts()
    for (const { name } of prompts) await client.getPrompt({ name })
  },
  'http-custom-headers': async (client, { toolCalls = [] }) => {
    await client.listTools()
    for (const call of toolCalls) await client.callTool(call)
  },
  'json-schema-2020-12-preservation': async (client) => {
    const { tools } = await client.listTools()
    const focal = tools.find(({ name }) => name === 'json_schema_2020_12_tool')
    await client.callTool({
      name: 'json_schema_echo',
      arguments: { schema: focal?.inputSchema ?? {} },
    })
  },
}

export const CLIENT_SCENARIOS: readonly string[] = Object.keys(SCENARIOS)

/** Plays a scenario against `url`. */
export async function playScenario(
  scenario: string,
  url: string,
  era: Era,
  context: ScenarioContext,
): Promise<void> {
  const play = SCENARIOS[scenario]
  if (!play) throw new Error(`No script for scenario ${scenario}`)
  await using connected: TestClient = await connectHttp(url, {
    era,
    // Every answer comes from the defaults of the schema.
    onElicit: ({ requestedSchema }) =>
      JSON.stringify(requestedSchema).includes('confirmed')
        ? { action: 'accept', content: { confirmed: true } }
        : { action: 'accept', content: {} },
  })
  await play(connected.client, context)
}

async function callAll(client: Client): Promise<void> {
  const { tools } = await client.listTools()
  for (const tool of tools) await client.callTool({ name: tool.name, arguments: sampleFor(tool) })
}

/** One value for every required parameter. */
function sampleFor(tool: Tool): Record<string, unknown> {
  const properties: Record<string, unknown> = tool.inputSchema.properties ?? {}
  const required = tool.inputSchema.required ?? []
  return Object.fromEntries(required.map((name) => [name, sampleValue(properties[name])]))
}

function sampleValue(schema: unknown): unknown {
  const { type } = (schema ?? {}) as { type?: string }
  return type === 'number' || type === 'integer' ? 1 : type === 'string' ? 'us-west1' : null
}
