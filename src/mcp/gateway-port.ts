import type { Call } from './call.ts'
import type { ClientView, Principal } from './caller.ts'
import type { ClientSession, Sessions } from './client-session.ts'
import type { JsonObject } from '../base/json.ts'
import type { ListenFilter, ServerDescription } from './messages.ts'
import type { Reply } from './reply.ts'

/** What a client edge needs of the gateway behind it. A fake of it is enough to test an edge. */
export interface GatewayPort {
  readonly sessions: Sessions
  /** For `initialize` and `server/discover`, from memory: never waits for a backend. */
  describe(client: ClientView, principal: Principal): ServerDescription
  /**
   * Answers every request an edge does not answer by itself: tools/*, prompts/*, resources/* (subscribe and unsubscribe
   * of legacy clients included), completion/complete, tasks/*, and unknown methods (as `-32601`). The edge answers
   * initialize, ping, logging/setLevel, server/discover and subscriptions/listen. Rejects only with AppError or a bug.
   */
  call(call: Call): Promise<Reply>
  /** `notifications/roots/list_changed` and whatever else a legacy client may announce; `initialized` and `cancelled` are the edge's. */
  clientNotification(session: ClientSession, method: string, params: JsonObject): void
  /**
   * The schema of a tool as this caller sees it, for the `Mcp-Param-*` check: parameter paths by header name, or
   * undefined if there is no such tool or it has no annotated parameter.
   */
  toolParamHeaders(name: string, client: ClientView, principal: Principal): ParamHeaders | undefined
  /** Modern `subscriptions/listen`. The sink gets only what the honoured filter asks for. */
  listen(request: ListenRequest): Promise<Listening>
}

/** `x-mcp-header` annotations of one tool: header name in lower case without `mcp-param-` → path and type (2026-07-28 transports). */
export type ParamHeaders = ReadonlyMap<
  string,
  { readonly path: readonly string[]; readonly type: 'string' | 'integer' | 'boolean' }
>

export interface ListenRequest {
  readonly filter: ListenFilter
  readonly client: ClientView
  readonly principal: Principal
  /** Notifications without a subscription id: the edge tags them. */
  readonly sink: (method: string, params: JsonObject) => void
  /** The gateway ends the subscription (shutdown): the edge sends the closing result. */
  readonly onEnd: () => void
}

export interface Listening {
  /** The honoured subset, for the acknowledgement. */
  readonly honoured: ListenFilter
  stop(): void
}
