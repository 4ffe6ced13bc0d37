import { userInfo } from 'node:os'
import { systemNow } from '../base/clock.ts'
import { newUuid } from '../base/ids.ts'
import type { GatewayPort } from '../mcp/gateway-port.ts'
import { createHttpEdge } from '../mcp/http-edge.ts'
import type { AdoptCall } from '../mcp/late-call.ts'
import type { Implementation } from '../mcp/messages.ts'
import { createStdioEdge } from '../mcp/stdio-edge.ts'
import { createClientAddress } from '../net/client-address.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createAuthenticate, principalOf } from './authenticate.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { createOpsGuard } from './http/ops-guard.ts'
import { createOpsRoutes, type OpsSources } from './http/ops-routes.ts'
import type { Composites } from './open-composites.ts'
import { isLoopbackHost, loopbackNames } from './http/loopback.ts'
import type { Fleet } from './create-fleet.ts'
import { serveHttp } from './serve-http.ts'

export interface ClientSideOptions {
  readonly port: GatewayPort
  readonly info: Implementation
  readonly config: VmcpConfig
  /** 32 bytes: seals what clients hold for us. */
  readonly stateKey: Buffer
  readonly ops: OpsSources
  /** Undefined: there are no other replicas. */
  readonly fleet?: Fleet | undefined
  readonly composites: Pick<Composites, 'serve'>
  readonly log: Logger
}

/** Where clients come in. */
export interface ClientSide {
  /** The MCP endpoint; undefined on stdio. */
  readonly url: string | undefined
  /** Resolves when the client has gone (stdio); over HTTP never. */
  readonly gone: Promise<void>
  /**
   * Takes nothing new, lets calls in flight finish within the time, hands over the others, ends all streams and
   * connections.
   */
  drain(graceMs: number, adopt?: AdoptCall): Promise<void>
}

const MCP_PATH = '/mcp'

/** Listens for HTTP clients, of both eras and HTTP+SSE, and for operators. Rejects if it cannot listen. */
export async function openHttpSide(
  options: ClientSideOptions,
  address: { host: string; port: number },
): Promise<ClientSide> {
  const { config } = options
  const { allowedOrigins } = config.server
  const edge = createHttpEdge({
    ...edgeOptions(options),
    path: MCP_PATH,
    authenticate: createAuthenticate(config.incomingAuth, userInfo().username),
    clientAddress: createClientAddress(config.server.trustedProxies),
    allowedHosts: allowedHosts(config, address.host),
    allowedOrigins: allowedOrigins.length > 0 ? allowedOrigins : undefined,
    peers: options.fleet?.edgePeers,
    keptEvents: options.fleet?.keptEvents,
  })
  options.fleet?.join(edge)
  const guard = createOpsGuard(address.host, config.server)
  const listener = await serveHttp({
    ...address,
    handlers: [
      (req, res) => edge.handle(req, res),
      createOpsRoutes(options.ops, guard),
      options.composites.serve(guard),
    ],
    posts: { path: MCP_PATH, serve: (req, res) => void edge.handle(req, res) },
  })
  return {
    url: `${listener.origin}${MCP_PATH}`,
    gone: new Promise(() => {}),
    async drain(graceMs, adopt) {
      await edge.drain(graceMs, adopt)
      edge.close()
      await listener.close(1_000)
    },
  }
}

/** One client on stdin and stdout. */
export function openStdioSide(options: ClientSideOptions): ClientSide {
  const edge = createStdioEdge({
    ...edgeOptions(options),
    principal: principalOf(options.config.incomingAuth, userInfo().username),
    input: process.stdin,
    output: process.stdout,
  })
  return { url: undefined, gone: edge.done, drain: (graceMs) => edge.drain(graceMs) }
}

function edgeOptions({ port, info, config, stateKey, log }: ClientSideOptions) {
  const { limits } = config.operational
  return {
    port,
    info,
    stateKey,
    limits: {
      maxBodyBytes: limits.maxBodyBytes,
      maxParkedTotal: limits.maxParkedCalls,
      maxParkedPerClient: limits.maxParkedPerClient,
      maxListensTotal: limits.maxSubscriptions,
      maxListensPerClient: limits.maxSubscriptionsPerClient,
      questionTimeoutMs: limits.questionTimeoutMs,
      parkTtlMs: limits.questionTimeoutMs,
    },
    newId: newUuid,
    now: systemNow,
    log,
  }
}

/** On loopback only loopback names reach us; elsewhere names are the operator's business unless he lists them. */
function allowedHosts(config: VmcpConfig, host: string): readonly string[] {
  const listed = config.server.allowedHosts
  if (isLoopbackHost(host)) return [...loopbackNames(host), ...listed]
  return listed.length > 0 ? listed : ['*']
}
