import type { JsonObject } from '../../base/json.ts'
import { Cancellation } from '../../base/cancellation.ts'
import type {
  BackendConnection,
  BackendRequest,
  ConnectionEvents,
} from '../../mcp/backend-connection.ts'
import type { Call } from '../../mcp/call.ts'
import { ANONYMOUS, type ClientView } from '../../mcp/caller.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import { METHOD_NOT_FOUND } from '../../mcp/rpc-codes.ts'
import { errorReply, type Reply } from '../../mcp/reply.ts'
import type { Era } from '../../mcp/versions.ts'
import type { Connect, ConnectRequest } from '../connect.ts'

/** A backend in memory: answers requests by a function and counts its connections. */
export interface FakeBackend {
  readonly connect: Connect
  readonly connections: FakeConnection[]
  /** Makes the next connects fail with this, until cleared. */
  refuse: Error | undefined
  answer: (request: BackendRequest, connection: FakeConnection) => Reply | Promise<Reply>
}

export interface FakeConnection extends BackendConnection {
  readonly request: BackendConnection['request']
  readonly asked: ConnectRequest
  readonly events: ConnectionEvents
  readonly requests: BackendRequest[]
  readonly notified: { method: string; params: JsonObject | undefined }[]
  closed: boolean
}

export function createFakeBackend(
  options: { era?: Era; sessionId?: string; capabilities?: JsonObject } = {},
): FakeBackend {
  const { era = 'legacy', sessionId, capabilities = { tools: {} } } = options
  const fake: FakeBackend = {
    connections: [],
    refuse: undefined,
    answer: (request) => errorReply(METHOD_NOT_FOUND, `Method not found: ${request.method}`),
    async connect(asked) {
      if (fake.refuse !== undefined) throw fake.refuse
      const connection: FakeConnection = {
        era,
        version: era === 'modern' ? '2026-07-28' : '2025-11-25',
        server: { info: { name: 'fake', version: '1' }, capabilities },
        ...(sessionId === undefined
          ? {}
          : { sessionId: `${sessionId}-${fake.connections.length}` }),
        inFlight: 0,
        asked,
        events: asked.events,
        requests: [],
        notified: [],
        closed: false,
        async request(request) {
          connection.requests.push(request)
          if (connection.closed) {
            throw mcpErrors.BACKEND_GONE({ backend: 'fake', reason: 'closed', ran: 'no' })
          }
          return fake.answer(request, connection)
        },
        notify: (method, params) => void connection.notified.push({ method, params }),
        ...(era === 'modern' ? { listen: async (filter) => filter ?? {} } : {}),
        async close() {
          connection.closed = true
        },
      }
      fake.connections.push(connection)
      return connection
    },
  }
  return fake
}

/** A call as an edge makes it. */
export function makeCall(changes: Partial<Call> = {}): Call {
  return {
    method: 'tools/call',
    params: {},
    client: LEGACY_CLIENT,
    principal: ANONYMOUS,
    wantsProgress: false,
    cancellation: new Cancellation(),
    notify() {},
    ask: () => Promise.reject(new Error('nobody to ask')),
    ...changes,
  }
}

export const LEGACY_CLIENT: ClientView = {
  era: 'legacy',
  version: '2025-11-25',
  capabilities: { elicitation: {} },
}

export const MODERN_CLIENT: ClientView = {
  era: 'modern',
  version: '2026-07-28',
  capabilities: { elicitation: {} },
}
