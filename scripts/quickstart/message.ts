/** What the quickstart has to tell. */
export interface QuickstartState {
  /** The MCP endpoint: `http://127.0.0.1:4483/mcp`. */
  url: string
  /** Backends by name, with how many of their tools are shown. */
  backends: readonly { name: string; tools: number }[]
  /** Names of composite tools. */
  compositeTools: readonly string[]
  /** Path of the configuration file. */
  configPath: string
}

/** What is running, and three things to try; for people, printed once everything is ready. */
export function quickstartMessage(state: QuickstartState): string {
  const { url, backends, compositeTools, configPath } = state
  const running = backends.map(({ name, tools }) => `${name} (${tools} tools)`).join(', ')
  return `
ToolHive is running.

  Endpoint   ${url}
  Behind it  ${running}
  Made of it ${madeOfIt(compositeTools)}
  Described  ${configPath} (edit it: a valid change takes effect at once)

Three things to try

1. Add it to your MCP client:

   { "mcpServers": { "toolhive": { "type": "http", "url": "${url}" } } }

2. Look at it with the MCP Inspector:

   npx -y @modelcontextprotocol/inspector@2 --cli --server-url ${url} --transport http --method tools/list

3. Call the tool made of tools, with the newest protocol version, which needs no session:

   ${modernCurl(url).replaceAll('\n', '\n   ')}

Ctrl-C stops everything.
`
}

function madeOfIt(names: readonly string[]): string {
  return `${names.length} composite tool${names.length === 1 ? '' : 's'} (${names.join(', ')})`
}

/** A curl command for the shell that calls a tool with protocol version 2026-07-28 (headers and envelope: spec 1.2, 1.5). */
function modernCurl(url: string): string {
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name: 'folder_report',
      arguments: { lines: 1 },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  }
  return [
    `curl -s ${url} \\`,
    `  -H 'content-type: application/json' -H 'accept: application/json, text/event-stream' \\`,
    `  -H 'mcp-protocol-version: 2026-07-28' -H 'mcp-method: tools/call' -H 'mcp-name: folder_report' \\`,
    `  -d '${JSON.stringify(body)}'`,
  ].join('\n')
}
