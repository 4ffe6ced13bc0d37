import type { Cancellation } from '../base/cancellation.ts'
import type { JsonObject } from '../base/json.ts'
import type { CallOrigin } from '../mcp/call.ts'
import { mcpErrors } from '../mcp/errors.ts'
import type { InputRequests } from '../mcp/messages.ts'
import { findToolForStep } from './aggregation/lookup.ts'
import { fromCallerRecord } from './composites/run-caller.ts'
import { InnerCall, innerResult, type InnerCaller } from './inner-call.ts'
import type { SourceHost } from './source.ts'

/** A call of a run that another replica has. */
export interface CallForRun {
  readonly origin: CallOrigin
  /** As the journal of the run keeps it. */
  readonly caller: JsonObject
  /** As the step writes it. */
  readonly tool: string
  readonly arguments: JsonObject
  /** The trace it belongs to. */
  readonly meta: JsonObject | undefined
}

/**
 * Makes a call here in the name of the client of a run that lives elsewhere, through all stages. Nobody can be asked from here, and
 * what the client's own request carried is not known. Rejects like `CallerPorts.call`.
 */
export async function callForRun(
  host: SourceHost,
  call: CallForRun,
  cancellation: Cancellation,
): Promise<JsonObject> {
  const { origin, tool, meta } = call
  const caller = await callerOf(host, call)
  const inner = new InnerCall({
    caller,
    origin,
    tool: findToolForStep(host.catalogueFor(caller), tool)?.name ?? tool,
    arguments: call.arguments,
    meta,
    cancellation,
    ask: refuse,
    notify: () => {},
  })
  return innerResult(tool, await host.answer(inner))
}

async function callerOf(host: SourceHost, { caller, origin }: CallForRun): Promise<InnerCaller> {
  const stored = fromCallerRecord(caller)
  if (stored === undefined) {
    throw new TypeError(`The caller of run "${origin.run}" was written by another version`)
  }
  const { principal, client, session } = stored
  const found = session === undefined ? undefined : await host.findSession(session, principal)
  return typeof found === 'object' ? { principal, client, session: found } : { principal, client }
}

function refuse(requests: InputRequests): Promise<never> {
  const method = Object.values(requests)[0]?.method ?? ''
  const reason = 'the call is one of a loop with `distribution: fleet`, made on another replica'
  return Promise.reject(
    mcpErrors.CLIENT_CANNOT_ANSWER({ method, reason, requiredCapabilities: {} }),
  )
}
