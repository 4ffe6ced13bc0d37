import type { Principal } from '../mcp/caller.ts'
import type { ClientSession, Sessions } from '../mcp/client-session.ts'
import type { GatewayPort } from '../mcp/gateway-port.ts'
import type { Implementation } from '../mcp/messages.ts'
import type { Audit, AuditEventType, AuditOutcome } from '../policy/audit.ts'

/**
 * The gateway as client edges see it, with what is no call in the audit log as well: beginnings of sessions, streams of
 * modern clients, log levels, notifications. `audit` is asked each time, as a reload may replace it.
 */
export function createAuditPort(
  port: GatewayPort,
  { audit, isStdio }: { audit: () => Audit | undefined; isStdio: boolean },
): GatewayPort {
  const record = (event: Event): void => recordEvent(audit(), event, isStdio)
  return {
    sessions: createAuditSessions(port.sessions, record),
    describe: (client, principal) => port.describe(client, principal),
    call: (call) => port.call(call),
    clientNotification(session, method, params) {
      const isRoots = method === 'notifications/roots/list_changed'
      const type = isRoots ? 'mcp_roots_list_changed' : 'mcp_notification'
      record({ type, method, ...ofSession(session) })
      port.clientNotification(session, method, params)
    },
    toolParamHeaders: (name, client, principal) => port.toolParamHeaders(name, client, principal),
    async listen(request) {
      const { principal, client } = request
      const startMs = performance.now()
      let outcome: AuditOutcome = 'failure'
      try {
        const listening = await port.listen(request)
        outcome = 'success'
        return listening
      } finally {
        const method = 'subscriptions/listen'
        const event = { type: 'sse_connection', method, principal, client: client.info } as const
        record({ ...event, outcome, durationMs: performance.now() - startMs })
      }
    },
  }
}

function createAuditSessions(sessions: Sessions, record: (event: Event) => void): Sessions {
  return {
    async create(request) {
      const startMs = performance.now()
      let outcome: AuditOutcome = 'failure'
      try {
        const session = await sessions.create(request)
        outcome = 'success'
        return session
      } finally {
        const { principal, info, from } = request
        const who = { principal, client: info, source: from?.source, userAgent: from?.userAgent }
        const durationMs = performance.now() - startMs
        const event = { type: 'mcp_initialize', method: 'initialize' } as const
        record({ ...event, ...who, outcome, durationMs })
      }
    },
    find: (id, principal) => sessions.find(id, principal),
    setLogLevel(session, level) {
      record({ type: 'mcp_logging', method: 'logging/setLevel', ...ofSession(session) })
      return sessions.setLogLevel(session, level)
    },
    claimStream: (session) => sessions.claimStream(session),
    end: (session, reason) => sessions.end(session, reason),
  }
}

interface Event {
  readonly type: AuditEventType
  readonly method: string
  readonly principal: Principal
  readonly client: Implementation | undefined
  readonly source?: string | undefined
  readonly userAgent?: string | undefined
  readonly outcome?: AuditOutcome
  readonly durationMs?: number
}

function ofSession({ principal, client }: ClientSession) {
  return { principal, client: client.info }
}

function recordEvent(audit: Audit | undefined, event: Event, isStdio: boolean): void {
  if (audit?.wants(event.type) !== true) return
  const { type, method, principal, client, source = isStdio ? 'stdio' : '', userAgent } = event
  const { outcome = 'success', durationMs = 0 } = event
  audit.record({
    type,
    outcome,
    source,
    userAgent,
    principal,
    client,
    target: { endpoint: isStdio ? 'stdio' : '/mcp', method, type: '', name: '' },
    durationMs,
    transport: isStdio ? 'stdio' : 'streamable-http',
  })
}
