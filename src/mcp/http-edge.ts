import type { ClientAddress } from '../net/client-address.ts'
import type { HttpRequest, HttpResponse } from '../net/http-message.ts'
import type { Now } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Authenticate } from './authenticate.ts'
import { DEFAULT_CLIENT_LIMITS } from './client-limits.ts'
import type { ClientLimits } from './client-limits.ts'
import type { ClientChannel, ClientSession } from './client-session.ts'
import { createContext } from './client/context.ts'
import type { EdgePeers, PeerSide } from './edge-peers.ts'
import { createHostGuard } from './host-guard.ts'
import type { HostRules } from './host-guard.ts'
import { HttpEdgeServer } from './client/http/http-edge-server.ts'
import type { GatewayPort } from './gateway-port.ts'
import type { AdoptCall } from './late-call.ts'
import type { KeptEvents } from './kept-events.ts'
import type { Implementation } from './messages.ts'

export interface HttpEdgeOptions extends HostRules {
  readonly port: GatewayPort
  readonly info: Implementation
  readonly authenticate: Authenticate
  readonly limits?: Partial<ClientLimits>
  /** 32 bytes. Replicas share it. */
  readonly stateKey: Buffer
  readonly newId: NewId
  readonly now: Now
  readonly log: Logger
  /** Tells where a request comes from. Default: where its connection does. */
  readonly clientAddress?: ClientAddress
  /** Other replicas of this gateway; default: none. */
  readonly peers?: EdgePeers | undefined
  /** Where events of resumable streams outlive this process; default: nowhere. */
  readonly keptEvents?: KeptEvents | undefined
  /** Path of the MCP endpoint. Default `/mcp`. */
  readonly path?: string
  /** HTTP+SSE of 2024-11-05. Default `/sse` and `/messages`; `false` leaves it out. */
  readonly sse?: { readonly path: string; readonly messagesPath: string } | false
}

/** Everything between the sockets of MCP clients and a gateway, over HTTP. */
export interface HttpEdge {
  /** For `server.on('request')` and `serveLeanPosts`. False: the path is not ours, and nothing was done. */
  handle(request: HttpRequest, response: HttpResponse): boolean
  /** For other replicas. */
  readonly peerSide: PeerSide
  /** The way to a session's client, for what belongs to none of its requests. */
  channelFor(session: ClientSession): ClientChannel
  /** Calls that are not answered, parked ones too. */
  readonly inFlight: number
  /**
   * Takes no new sessions (503), ends subscriptions with their closing result and the streams that only wait, waits for
   * calls in flight, hands over those that take longer than `graceMs` (`adopt`; without it they are cancelled), and ends
   * the streams of the sessions.
   */
  drain(graceMs: number, adopt?: AdoptCall): Promise<void>
  /** Ends everything at once. Connections are the owner's to close. */
  close(): void
}

/** A plain node:http request handler for streamable HTTP (all revisions, both eras) and HTTP+SSE. */
export function createHttpEdge(options: HttpEdgeOptions): HttpEdge {
  const context = createContext({
    ...options,
    limits: { ...DEFAULT_CLIENT_LIMITS, ...options.limits },
  })
  return new HttpEdgeServer(context, {
    authenticate: options.authenticate,
    guard: createHostGuard(options),
    path: options.path ?? '/mcp',
    sse: options.sse ?? { path: '/sse', messagesPath: '/messages' },
  })
}
