import type { Cancellation } from '../base/cancellation.ts'
import type { JsonObject } from '../base/json.ts'
import type { ClientView, Principal } from './caller.ts'
import type { ClientSession } from './client-session.ts'
import type { InputAnswers, InputRequests } from './messages.ts'

/**
 * Everything that crosses the gateway. Client edges make calls; the workflow source makes calls; the router answers them.
 */
export interface Call {
  readonly method: string
  /**
   * Params as the client sent them, with `_meta` cleaned: no `io.modelcontextprotocol/*` envelope, no `progressToken`;
   * vendor keys and trace context stay. MRTR members (`inputResponses`, `requestState`) are not here but in `retry`.
   */
  readonly params: JsonObject
  readonly client: ClientView
  readonly principal: Principal
  /** Legacy only. */
  readonly session?: ClientSession
  /** HTTP headers of the client's request, lower-case names; absent on stdio. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>
  /** Address the client calls from; absent on stdio. */
  readonly source?: string | undefined
  readonly wantsProgress: boolean
  readonly cancellation: Cancellation
  /** Answers to a `kind: 'input'` reply given before, with the state as the source gave it (unsealed, verified). */
  readonly retry?: {
    readonly answers?: InputAnswers
    readonly state?: string
    /** The replica that had what the state names (`Reply.holder`). */
    readonly holder?: string
  }
  /**
   * Sends `notifications/progress` (params without token: the edge adds the client's current one) or
   * `notifications/message` that belong to this call. Never throws; after the reply it does nothing.
   */
  notify(method: string, params: JsonObject): void
  /**
   * Asks the client. Resolves with one answer per key. Rejects with MCP_CLIENT_CANNOT_ANSWER (capability not declared,
   * no way to reach the client), MCP_QUESTION_EXPIRED, MCP_CALL_CANCELLED, or MCP_CLIENT_ERROR with the client's RpcError.
   * `until` withdraws the questions while the call goes on, as far as the client can be told.
   */
  ask(requests: InputRequests, until?: Cancellation): Promise<InputAnswers>
  /**
   * Legacy HTTP: the backend ended its stream and wants to be asked again (2025-11-25 transports, polling); the edge may
   * end the client's stream in the same way, the answer waits in the replay buffer.
   */
  closeStream?(retryMs: number): void
  /** Set by the router: the backend the call went to. For audit and metrics. */
  routedTo?: string
  /**
   * The run that the call starts if its tool is a composite one, named beforehand so that the same call finds it when it is sent
   * again. `begun`: it has been started, now or by an earlier sending; such a call attaches to it.
   */
  run?: { readonly id: string; readonly begun: boolean }
  /** The call is made by a source of ours in the name of its client: by a step of a run. Absent: by a client. */
  readonly origin?: CallOrigin
}

/** Where an inner call comes from. */
export interface CallOrigin {
  /** Name of the composite tool. */
  readonly workflow: string
  readonly run: string
  readonly step: string
  /** In a loop: which item, from 0. */
  readonly iteration?: number
}
