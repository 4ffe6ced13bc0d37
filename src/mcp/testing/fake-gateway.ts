import { ANONYMOUS } from '../caller.ts'
import type { Call } from '../call.ts'
import type { ClientView, Principal } from '../caller.ts'
import type { ClientSession, SessionLookup, SessionRequest, Sessions } from '../client-session.ts'
import type { GatewayPort, ListenRequest, ParamHeaders } from '../gateway-port.ts'
import type { JsonObject } from '../../base/json.ts'
import type { LogLevel, ServerDescription } from '../messages.ts'
import { errorReply, resultReply } from '../reply.ts'
import type { Reply } from '../reply.ts'

/** How a fake answers one tool. */
export type FakeTool = (call: Call) => Reply | Promise<Reply>

/** A gateway without backends: tools are functions, everything that happened is kept for the test to look at. */
export interface FakeGateway extends GatewayPort {
  readonly calls: Call[]
  readonly notifications: { session: ClientSession; method: string; params: JsonObject }[]
  readonly live: Map<string, ClientSession>
  readonly ended: { id: string; reason: string }[]
  readonly listens: ListenRequest[]
  readonly stopped: ListenRequest[]
  readonly tools: Map<string, FakeTool>
  readonly paramHeaders: Map<string, ParamHeaders>
  /** What `sessions.find` answers instead, if set. */
  lookup: SessionLookup | undefined
  capabilities: JsonObject
}

/** Sessions belong to the principal that made them, by `binding`. */
export function createFakeGateway(): FakeGateway {
  let nextSession = 1
  const live = new Map<string, ClientSession>()
  const gateway: FakeGateway = {
    calls: [],
    notifications: [],
    live,
    ended: [],
    listens: [],
    stopped: [],
    tools: new Map<string, FakeTool>([['echo', echo]]),
    paramHeaders: new Map(),
    lookup: undefined,
    capabilities: { tools: { listChanged: true }, logging: {}, completions: {} },
    sessions: createSessions(),
    describe: (_client: ClientView, _principal: Principal): ServerDescription => ({
      info: { name: 'fake', version: '1.0.0' },
      capabilities: gateway.capabilities,
      instructions: 'Be kind',
    }),
    async call(call) {
      gateway.calls.push(call)
      if (call.method === 'tools/list') {
        const tools = [...gateway.tools.keys()].map((name) => ({
          name,
          inputSchema: { type: 'object' },
        }))
        return resultReply({ tools })
      }
      const named = call.params['name'] ?? call.params['uri']
      const name = typeof named === 'string' ? named : ''
      const tool = TOOLED.has(call.method) ? gateway.tools.get(name) : undefined
      if (tool) return tool(call)
      return TOOLED.has(call.method)
        ? errorReply(-32602, `Unknown: ${name}`)
        : errorReply(-32601, `Method not found: ${call.method}`)
    },
    clientNotification(session, method, params) {
      gateway.notifications.push({ session, method, params })
    },
    toolParamHeaders: (name) => gateway.paramHeaders.get(name),
    async listen(request) {
      gateway.listens.push(request)
      return {
        honoured: request.filter,
        stop: () => {
          gateway.stopped.push(request)
        },
      }
    },
  }
  return gateway

  function createSessions(): Sessions {
    return {
      async create(request: SessionRequest) {
        const { principal, ...client } = request
        const session: ClientSession = {
          id: `session-${nextSession++}`,
          principal,
          client: Object.freeze({ era: 'legacy', ...client }),
          channel: undefined,
          inFlight: 0,
        }
        live.set(session.id, session)
        return session
      },
      find(id: string, principal: Principal) {
        if (gateway.lookup !== undefined) return gateway.lookup
        const session = live.get(id)
        if (!session) return 'unknown'
        return session.principal.binding === principal.binding ? session : 'foreign'
      },
      setLogLevel(session: ClientSession, logLevel: LogLevel) {
        session.client = Object.freeze({ ...session.client, logLevel })
        return undefined
      },
      claimStream: async () => {},
      async end(session: ClientSession, reason: string) {
        if (!live.delete(session.id)) return
        gateway.ended.push({ id: session.id, reason })
        session.channel?.close()
        session.channel = undefined
      },
    }
  }
}

/** Everybody is the same unless the header `x-user` says otherwise. */
export function principalFromHeader(headers: Record<string, unknown>): Principal {
  const user = headers['x-user']
  return typeof user === 'string' ? { kind: 'oidc', binding: user, name: user } : ANONYMOUS
}

const TOOLED = new Set(['tools/call', 'prompts/get', 'resources/read'])

function echo(call: Call): Reply {
  const text = JSON.stringify(call.params['arguments'] ?? {})
  return resultReply({ content: [{ type: 'text', text }] })
}
