import { isAppError, type AppError } from '../base/errors.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { RoutedRequest } from '../gateway/call-backend.ts'
import type { GatewayOptions } from '../gateway/create-gateway.ts'
import type { Stage } from '../gateway/stages.ts'
import type { Call } from '../mcp/call.ts'
import { isErrorResult, type Reply } from '../mcp/reply.ts'
import {
  formatTraceparent,
  parseTraceparent,
  type TraceContext,
} from '../telemetry/trace-context.ts'
import type { Span, Tracing } from '../telemetry/tracing.ts'
import { spanAttributes, spanName } from './span-attributes.ts'

type AroundBackend = GatewayOptions['aroundBackend']

/** Spans of calls: one for the client's call, below it one for each call to a backend. Used only where tracing is on. */
export interface CallTracing {
  readonly stage: Stage
  /** The span of a call in work: the parent of what is done for it. */
  contextOf(call: Call): TraceContext | undefined
  /** Puts a span, and its context on the wire, inside what `inner` does around a call to a backend. */
  around(inner: AroundBackend): AroundBackend
}

export function createCallTracing(
  tracing: Tracing,
  { useLegacyAttributes }: { useLegacyAttributes: boolean },
): CallTracing {
  const spans = new WeakMap<Call, Span>()
  return {
    stage: async (call, next) => {
      const span = tracing.startSpan(spanName(call.method, call.params), {
        kind: 'server',
        parent: parentOf(call),
        attributes: spanAttributes(call, useLegacyAttributes),
      })
      spans.set(call, span)
      return watched(span, () => next(call))
    },

    contextOf: (call) => spans.get(call)?.context ?? parentOf(call),

    around: (inner) => (backend, call, request, go) =>
      inner(backend, call, request, (sent) => {
        const span = tracing.startSpan(spanName(sent.method, sent.params), {
          kind: 'client',
          parent: spans.get(call)?.context ?? parentOf(call),
          attributes: { 'mcp.method.name': sent.method, 'mcp.server.name': backend.name },
        })
        return watched(span, () => go(withContext(sent, span.context)))
      }),
  }
}

async function watched(span: Span, work: () => Promise<Reply>): Promise<Reply> {
  try {
    const reply = await work()
    if (reply.kind === 'error') span.fail(String(reply.error.code), reply.error.message)
    else if (isErrorResult(reply)) span.fail('tool_error')
    return reply
  } catch (error) {
    if (isAppError(error, 'POLICY_RATE_LIMITED')) tellLimit(span, error)
    if (isAppError(error)) span.fail(error.code, error.message)
    else span.fail('bug')
    throw error
  } finally {
    span.end()
  }
}

/** Which bucket refused the call, in the words of users' dashboards: `shared_server`, `per_user_tool`. */
function tellLimit(span: Span, { details }: AppError): void {
  const scope = details['scope'] === 'shared' ? 'shared' : 'per_user'
  span.set('rate_limit.decision', 'rejected')
  span.set(
    'rate_limit.rejected_by',
    `${scope}_${details['tool'] === undefined ? 'server' : 'tool'}`,
  )
}

/** `_meta` counts more than the HTTP header: it belongs to this call, the header to what carries it. */
function parentOf({ params, headers }: Call): TraceContext | undefined {
  const meta = params['_meta']
  const inMeta = isJsonObject(meta)
    ? parseTraceparent(meta['traceparent'], meta['tracestate'])
    : undefined
  return inMeta ?? parseTraceparent(headers?.['traceparent'], headers?.['tracestate'])
}

/** The request with our span as the parent of what the backend does, in `_meta` and as headers. */
function withContext(request: RoutedRequest, context: TraceContext): RoutedRequest {
  const trace: Record<string, string> = { traceparent: formatTraceparent(context) }
  if (context.state !== undefined) trace['tracestate'] = context.state
  const before = request.params['_meta']
  const meta: JsonObject = { ...(isJsonObject(before) ? before : undefined), ...trace }
  if (context.state === undefined) delete meta['tracestate']
  return {
    ...request,
    params: { ...request.params, _meta: meta },
    headers: { ...request.headers, ...trace },
  }
}
