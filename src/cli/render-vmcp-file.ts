import { stringify } from 'yaml'

interface Backend {
  readonly name: string
  readonly url: string
  readonly transport: string
}

/** The commented file `thv vmcp init` writes for a group and its servers. */
export function renderVmcpFile(group: string, backends: readonly Backend[]): string {
  return `# Configuration of a virtual MCP server: many MCP servers behind one endpoint.
# Check it with:  thv vmcp validate -c FILE
# Serve it with:  thv vmcp serve -c FILE
# Every key is described in docs/reference/vmcp-config.md.

# Name of the server, as clients see it.
name: ${scalar(`${group}-vmcp`)}

# The group these servers belong to.
groupRef: ${scalar(group)}

# Who may call: anonymous, local or oidc.
incomingAuth:
  type: anonymous

# Which credential goes on to which server. Example:
#   backends:
#     NAME:
#       type: header_injection
#       headerInjection: { headerName: Authorization, headerValueEnv: NAME_TOKEN }
outgoingAuth:
  source: inline

# How the tools of all servers become one list.
aggregation:
  # prefix, priority or manual
  conflictResolution: prefix
  conflictResolutionConfig:
    # {workload} is the server's name: "search" of "github" becomes "github_search".
    prefixFormat: "{workload}_"
  # Show only some tools of a server, or under another name. Example:
  #   tools:
  #     - workload: NAME
  #       filter: [search, fetch]
  #       overrides:
  #         search: { description: "Find pages" }

# The servers.
${backendList(backends)}`
}

function backendList(backends: readonly Backend[]): string {
  if (backends.length === 0) {
    return `# The group has none yet. Examples:
#   - { name: docs, url: http://127.0.0.1:9000/mcp, transport: streamable-http }
#   - { name: files, transport: stdio, command: mcp-server-filesystem, args: [/srv/files] }
backends: []
`
  }
  const items = backends.map(
    ({ name, url, transport }) =>
      `  - name: ${scalar(name)}\n    url: ${scalar(url)}\n    transport: ${transport}\n`,
  )
  return `backends:\n${items.join('')}`
}

function scalar(text: string): string {
  return stringify(text).trimEnd()
}
