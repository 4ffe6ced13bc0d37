import { gatewayConfig, startGateway } from '../support/gateway.ts'
import { playScenario } from './everything-client.ts'

/**
 * The command the official client suite runs: `client-main.ts direct|gateway URL`. With `gateway` it starts one with the
 * suite's mock server as its only backend and plays the scenario against the gateway.
 */
const [mode, url = ''] = process.argv.slice(2)
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? ''
const version = process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] ?? ''
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as object
const era = version === '2026-07-28' ? 'modern' : 'legacy'

/** Mock servers without tools: nothing to wait for in the gateway's list. */
const WITHOUT_TOOLS = new Set(['initialize', 'request-metadata'])

if (mode === 'gateway') {
  const config = gatewayConfig({ mock: { url, transport: 'streamable-http' } })
  await using gateway = await startGateway(config, {
    until: WITHOUT_TOOLS.has(scenario) ? 'listening' : 'tools',
  })
  await playScenario(scenario, gateway.url, era, context)
} else {
  await playScenario(scenario, url, era, context)
}
process.exit(0)
