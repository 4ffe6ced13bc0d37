import type { Cancellation } from '../base/cancellation.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Call, CallOrigin } from '../mcp/call.ts'
import type { ClientView, Principal } from '../mcp/caller.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import type { InputAnswers, InputRequests } from '../mcp/messages.ts'
import { parseRawResult } from '../mcp/raw-response.ts'
import type { Reply } from '../mcp/reply.ts'
import { INVALID_PARAMS, METHOD_NOT_FOUND } from '../mcp/rpc-codes.ts'
import { LATEST_LEGACY } from '../mcp/versions.ts'
import type { Budget } from './backends/budget.ts'
import { gatewayErrors } from './errors.ts'

/** In whose name a source calls. */
export interface InnerCaller {
  readonly principal: Principal
  readonly client: ClientView
  /** Legacy clients: their connections to backends are used. */
  readonly session?: ClientSession | undefined
  /** Of the client's own request: what is passed on of them goes to these backends too. */
  readonly headers?: Call['headers']
  readonly source?: string | undefined
  /** Trace context of the client's own request, as `_meta` has it. */
  readonly trace?: JsonObject | undefined
}

export interface InnerCallOptions {
  readonly caller: InnerCaller
  readonly origin: CallOrigin
  /** Name of the tool, or `backend.tool` with the backend's own name of it. */
  readonly tool: string
  readonly arguments: JsonObject
  /** Its place in the trace, where it has one of its own. */
  readonly meta?: JsonObject | undefined
  readonly cancellation: Cancellation
  /** Questions of the backend, for the client. Rejects like `Call.ask`. */
  readonly ask: (requests: InputRequests) => Promise<InputAnswers>
  readonly notify: (method: string, params: JsonObject) => void
}

/**
 * A `tools/call` that a source makes in the name of its client: the step of a run. To backends its client looks like a legacy
 * one whatever its era, so that questions come to `ask` and the call stays whole.
 */
export class InnerCall implements Call {
  readonly method = 'tools/call'
  readonly params: JsonObject
  readonly client: ClientView
  readonly principal: Principal
  readonly session?: ClientSession
  readonly headers?: NonNullable<Call['headers']>
  readonly source: string | undefined
  /** Always: a backend that tells of its progress may take long. */
  readonly wantsProgress = true
  readonly cancellation: Cancellation
  readonly origin: CallOrigin
  routedTo?: string
  readonly #options: InnerCallOptions
  #budget: Budget | undefined
  #asking = 0

  constructor(options: InnerCallOptions) {
    const { caller, tool, meta } = options
    this.#options = options
    const isTraced = meta !== undefined || caller.trace !== undefined
    this.params = {
      name: tool,
      arguments: options.arguments,
      ...(isTraced ? { _meta: { ...caller.trace, ...meta } } : undefined),
    }
    this.client = viewOf(caller.client)
    this.principal = caller.principal
    if (caller.session !== undefined) this.session = caller.session
    if (caller.headers !== undefined) this.headers = caller.headers
    this.source = caller.source
    this.cancellation = options.cancellation
    this.origin = options.origin
  }

  notify(method: string, params: JsonObject): void {
    this.#options.notify(method, params)
  }

  /** A person may take long to answer: meanwhile the place of the call in its backend's budget is free. */
  async ask(requests: InputRequests): Promise<InputAnswers> {
    if (this.#asking++ === 0) this.#budget?.leave()
    try {
      return await this.#options.ask(requests)
    } finally {
      if (--this.#asking === 0) this.#budget?.resume()
    }
  }

  /** Calls the backend when it is the run's turn. */
  async within(budget: Budget, send: () => Promise<Reply>): Promise<Reply> {
    const turn = budget.enter(this.origin.run, this.cancellation)
    if (turn !== undefined) await turn
    this.#budget = budget
    try {
      return await send()
    } finally {
      this.#budget = undefined
      // An unanswered question has given the place back already.
      if (this.#asking === 0) budget.leave()
    }
  }
}

/** The result of an inner call as a value. Throws GATEWAY_INNER_CALL_FAILED for a JSON-RPC error. */
export function innerResult(tool: string, reply: Reply): JsonObject {
  if (reply.kind === 'error') {
    const { code, message } = reply.error
    const ran = code === INVALID_PARAMS || code === METHOD_NOT_FOUND ? 'no' : 'unknown'
    throw gatewayErrors.INNER_CALL_FAILED({ tool, code, reason: message, ran })
  }
  if (reply.kind === 'result') return reply.result
  const value = reply.kind === 'raw' ? parseRawResult(reply.response) : undefined
  if (isJsonObject(value)) return value
  throw new TypeError(`An inner call was answered by ${reply.kind}`)
}

function viewOf(client: ClientView): ClientView {
  const { elicitation, sampling, roots } = client.capabilities
  return {
    era: 'legacy',
    version: LATEST_LEGACY,
    capabilities: {
      ...(elicitation === undefined ? undefined : { elicitation }),
      ...(sampling === undefined ? undefined : { sampling }),
      ...(roots === undefined ? undefined : { roots }),
    },
    ...(client.info === undefined ? undefined : { info: client.info }),
    ...(client.logLevel === undefined ? undefined : { logLevel: client.logLevel }),
  }
}
