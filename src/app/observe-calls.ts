import { isAppError } from '../base/errors.ts'
import type { Stage } from '../gateway/stages.ts'
import type { Call, CallOrigin } from '../mcp/call.ts'
import { isErrorResult, type Reply } from '../mcp/reply.ts'
import type { Audit, AuditedWorkflow, AuditEventType, AuditOutcome } from '../policy/audit.ts'
import type { CallMetrics } from './call-metrics.ts'

/** Measures and audits every call: the outermost stage. `audit` is asked each time, as a reload may replace it. */
export function createObserveStage(metrics: CallMetrics, audit: () => Audit | undefined): Stage {
  return async (call, next) => {
    const startMs = performance.now()
    const transport = transportOf(call)
    if (call.origin === undefined) metrics.active(1)
    let reply: Reply | undefined
    let failure: unknown
    try {
      reply = await next(call)
      return reply
    } catch (error) {
      failure = error
      throw error
    } finally {
      const durationMs = performance.now() - startMs
      const isFailed = reply === undefined || reply.kind === 'error'
      if (call.origin === undefined) metrics.active(-1)
      const status = isFailed ? 'error' : 'success'
      metrics.answered({
        method: call.method,
        transport,
        status,
        toolStatus: reply !== undefined && isErrorResult(reply) ? 'error' : status,
        tool: call.routedTo === undefined ? '' : (textOf(call.params['name']) ?? ''),
        seconds: durationMs / 1000,
      })
      const log = audit()
      if (log !== undefined) record(log, call, reply, failure, durationMs)
    }
  }
}

const EVENT_TYPES: Readonly<Record<string, AuditEventType>> = {
  'tools/call': 'mcp_tool_call',
  'tools/list': 'mcp_tools_list',
  'resources/read': 'mcp_resource_read',
  'resources/list': 'mcp_resources_list',
  'resources/templates/list': 'mcp_resources_list',
  'prompts/get': 'mcp_prompt_get',
  'prompts/list': 'mcp_prompts_list',
  'completion/complete': 'mcp_completion',
}

function record(
  audit: Audit,
  call: Call,
  reply: Reply | undefined,
  failure: unknown,
  durationMs: number,
): void {
  const type = EVENT_TYPES[call.method] ?? 'mcp_request'
  if (!audit.wants(type)) return
  const { params } = call
  const transport = transportOf(call)
  audit.record({
    type,
    outcome: outcomeOf(reply, failure),
    source: call.source ?? (transport === 'stdio' ? 'stdio' : ''),
    userAgent: textOf(call.headers?.['user-agent']),
    principal: call.principal,
    client: call.client.info,
    target: {
      endpoint: transport === 'streamable-http' ? '/mcp' : transport,
      method: call.method,
      type: TARGET_TYPES[type] ?? '',
      name: textOf(params['name']) ?? textOf(params['uri']) ?? '',
    },
    durationMs,
    transport,
    backend: call.routedTo,
    workflow: call.origin && workflowOf(call.origin),
    request: () => JSON.stringify(params),
    response: (maxBytes) => responseText(reply, failure, maxBytes),
  })
}

/** How the call came: a call of a run came from nowhere but its run. */
function transportOf(call: Call): string {
  if (call.origin !== undefined) return 'workflow'
  return call.headers === undefined ? 'stdio' : 'streamable-http'
}

function workflowOf({ workflow, ...of }: CallOrigin): AuditedWorkflow {
  return { name: workflow, ...of }
}

const TARGET_TYPES: Readonly<Record<string, string>> = {
  mcp_tool_call: 'tool',
  mcp_resource_read: 'resource',
  mcp_prompt_get: 'prompt',
}

/** Refused by policy. */
const DENIED = new Set([401, 403])

function outcomeOf(reply: Reply | undefined, failure: unknown): AuditOutcome {
  if (reply === undefined) {
    if (!isAppError(failure)) return 'error'
    return DENIED.has(failure.status) || failure.code === 'POLICY_RATE_LIMITED'
      ? 'denied'
      : 'failure'
  }
  if (reply.kind === 'error') return 'failure'
  return isErrorResult(reply) ? 'application_error' : 'success'
}

function responseText(reply: Reply | undefined, failure: unknown, maxBytes: number): string {
  if (reply === undefined) return failure instanceof Error ? failure.message : String(failure)
  switch (reply.kind) {
    case 'raw': {
      const { bytes, result } = reply.response
      // Four bytes more, so that what is cut later is never a half character.
      return bytes.toString('utf8', result.start, Math.min(result.end, result.start + maxBytes + 4))
    }
    case 'result':
      return JSON.stringify(reply.result)
    case 'error':
      return JSON.stringify(reply.error)
    case 'input':
      return JSON.stringify({ inputRequests: reply.requests })
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
