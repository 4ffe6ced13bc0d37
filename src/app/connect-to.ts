import { outgoingHeaders, type StaticOutgoingAuth } from '../auth/outgoing-headers.ts'
import type { Connect } from '../gateway/connect.ts'
import type { BackendConfig } from '../gateway/config.ts'
import { AskingHabits, connectBackend, type PeerGone } from '../mcp/connect-backend.ts'
import type { Implementation } from '../mcp/messages.ts'
import type { Era } from '../mcp/versions.ts'
import type { Outbound } from '../net/outbound.ts'
import type { ChildProcesses } from '../system/child-process.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface ConnectToOptions {
  readonly info: Implementation
  readonly outbound: Outbound
  readonly children: ChildProcesses
  /** Asked at each connect and request, so that a reload changes credentials at once. */
  readonly outgoingAuth: () => StaticOutgoingAuth
  readonly connectTimeoutMs: (backend: BackendConfig) => number
  readonly maxMessageBytes: number
  /** Undefined: there are no other replicas. */
  readonly onPeerGone: PeerGone | undefined
  readonly log: Logger
}

/**
 * Opens connections to configured backends. A backend's era is asked for once and remembered while its connections
 * last; after a failure it is asked for again.
 */
export function createConnectTo(options: ConnectToOptions): (backend: BackendConfig) => Connect {
  return (backend) => {
    const habits = new AskingHabits()
    let era: Era | undefined = backend.era === 'auto' ? undefined : backend.era
    return async (request) => {
      const wanted = request.era ?? era
      const headers = () => ({
        ...backend.headers,
        ...outgoingHeaders(options.outgoingAuth(), backend.name),
      })
      try {
        const connection = await connectBackend(backend.target, {
          name: backend.name,
          clientInfo: options.info,
          capabilities: request.capabilities,
          events: request.events,
          habits,
          openStream: request.openStream,
          onPeerGone: options.onPeerGone,
          headers,
          connectTimeoutMs: options.connectTimeoutMs(backend),
          maxMessageBytes: options.maxMessageBytes,
          log: options.log,
          outbound: options.outbound,
          children: options.children,
          ...(wanted === undefined ? {} : { era: wanted }),
          ...(request.resume === undefined ? {} : { resume: request.resume }),
        })
        if (request.era === undefined && request.resume === undefined) era = connection.era
        return connection
      } catch (error) {
        if (backend.era === 'auto' && request.era === undefined) era = undefined
        throw error
      }
    }
  }
}
