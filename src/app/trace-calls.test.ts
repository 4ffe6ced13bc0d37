import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancellation } from '../base/cancellation.ts'
import type { JsonObject } from '../base/json.ts'
import type { Backend } from '../gateway/backend.ts'
import type { RoutedRequest } from '../gateway/call-backend.ts'
import { mcpErrors } from '../mcp/errors.ts'
import type { Call } from '../mcp/call.ts'
import { ANONYMOUS } from '../mcp/caller.ts'
import { errorReply, resultReply, type Reply } from '../mcp/reply.ts'
import { policyErrors } from '../policy/errors.ts'
import { formatTraceparent, type TraceContext } from '../telemetry/trace-context.ts'
import type { Attributes, Tracing } from '../telemetry/tracing.ts'
import { createCallTracing } from './trace-calls.ts'

interface Recorded {
  name: string
  kind: string
  parent: string | undefined
  own: TraceContext
  attributes: Attributes
  failed?: string
  ended: boolean
}

/** Keeps spans; ids count up. */
function createRecorder(): { tracing: Tracing; spans: Recorded[] } {
  const spans: Recorded[] = []
  const tracing: Tracing = {
    startSpan(name, { kind, parent, attributes = {} }) {
      const spanId = String(spans.length + 1).padStart(16, '0')
      const own = { traceId: parent?.traceId ?? 'e'.repeat(32), spanId, flags: 1 }
      const context = parent?.state === undefined ? own : { ...own, state: parent.state }
      const span: Recorded = {
        name,
        kind,
        parent: parent?.spanId,
        own: context,
        attributes,
        ended: false,
      }
      spans.push(span)
      return {
        context,
        set: (key, value) => void (attributes[key] = value),
        fail: (type) => void (span.failed = type),
        end: () => void (span.ended = true),
      }
    },
    close: async () => {},
  }
  return { tracing, spans }
}

const TRACE = 'a'.repeat(32)
const IN_META = `00-${TRACE}-${'b'.repeat(16)}-01`
const IN_HEADER = `00-${TRACE}-${'c'.repeat(16)}-01`

function callOf(params: JsonObject, more: Partial<Call> = {}): Call {
  return {
    method: 'tools/call',
    params,
    client: { era: 'modern', version: '2026-07-28', capabilities: {} },
    principal: ANONYMOUS,
    wantsProgress: false,
    cancellation: new Cancellation(),
    notify: () => {},
    ask: async () => ({}),
    ...more,
  }
}

/** Runs a call through the stage and around a backend, as the gateway does. */
async function run(call: Call, answer: (sent: RoutedRequest) => Promise<Reply>) {
  const { tracing, spans } = createRecorder()
  const traced = createCallTracing(tracing, { useLegacyAttributes: false })
  let sent: RoutedRequest | undefined
  const around = traced.around((_backend, _call, request, go) => go(request))
  const backend = { name: 'files' } as Backend
  const result = traced.stage(call, () =>
    around(
      backend,
      call,
      { method: call.method, params: { ...call.params, name: 'own' } },
      (it) => {
        sent = it
        return answer(it)
      },
    ),
  )
  const reply = await result.catch((error: unknown) => error)
  return { reply, spans, sent }
}

describe('createCallTracing()', () => {
  it('makes a span for the call and a child for the backend, and tells the backend of the child', async () => {
    const meta = { traceparent: IN_META, tracestate: 'v=1', vendor: 1 }
    const call = callOf({ name: 'files_own', _meta: meta }, { headers: { traceparent: IN_HEADER } })
    const { spans, sent } = await run(call, async () => resultReply({}))
    const [server, client] = spans
    assert.deepEqual(
      [server?.name, server?.kind, server?.parent],
      ['tools/call files_own', 'server', 'b'.repeat(16)],
    )
    assert.deepEqual(
      [client?.name, client?.kind, client?.parent],
      ['tools/call own', 'client', server?.own.spanId],
    )
    const traceparent = formatTraceparent(client!.own)
    assert.deepEqual(sent?.params['_meta'], { traceparent, tracestate: 'v=1', vendor: 1 })
    assert.deepEqual(sent?.headers, { traceparent, tracestate: 'v=1' })
    assert.deepEqual(
      spans.map((span) => [span.ended, span.failed]),
      [
        [true, undefined],
        [true, undefined],
      ],
    )
    assert.equal(server?.attributes['gen_ai.tool.name'], 'files_own')
    assert.equal(client?.attributes['mcp.server.name'], 'files')
  })

  it('goes on from the header where the message says nothing, and begins a trace where nobody did', async () => {
    const headers = { traceparent: IN_HEADER }
    const fromHeader = await run(callOf({ name: 'x' }, { headers }), async () => resultReply({}))
    assert.equal(fromHeader.spans[0]?.parent, 'c'.repeat(16))
    const fresh = await run(callOf({ name: 'x' }), async () => resultReply({}))
    assert.equal(fresh.spans[0]?.parent, undefined)
    assert.match(
      JSON.stringify(fresh.sent?.params['_meta']),
      /^\{"traceparent":"00-e{32}-0{15}2-01"\}$/,
    )
  })

  it('does not hand on a state that belongs to another trace', async () => {
    const headers = { traceparent: IN_HEADER }
    const call = callOf({ name: 'x', _meta: { tracestate: 'stray=1' } }, { headers })
    const { sent } = await run(call, async () => resultReply({}))
    assert.equal((sent?.params['_meta'] as JsonObject)['tracestate'], undefined)
  })

  it('marks both spans by what went wrong, and ends them', async () => {
    const timedOut = mcpErrors.BACKEND_TIMEOUT({
      backend: 'b',
      reason: 'x',
      ran: 'unknown',
      timeoutMs: 1,
    })
    const cases: [() => Promise<Reply>, string][] = [
      [async () => errorReply(-32602, 'no'), '-32602'],
      [async () => resultReply({ isError: true }), 'tool_error'],
      [() => Promise.reject(timedOut), 'MCP_BACKEND_TIMEOUT'],
      [() => Promise.reject(new TypeError('x')), 'bug'],
    ]
    for (const [answer, failed] of cases) {
      const { spans } = await run(callOf({ name: 'x' }), answer)
      assert.deepEqual(
        spans.map((span) => [span.ended, span.failed]),
        [
          [true, failed],
          [true, failed],
        ],
      )
    }
  })

  it('says which limit refused a call', async () => {
    for (const [scope, tool, by] of [
      ['shared', undefined, 'shared_server'],
      ['user', 'x', 'per_user_tool'],
    ] as const) {
      const limit = { scope, tool, maxTokens: 1, refillPeriodMs: 1, retryAfterMs: 1 }
      const refused = policyErrors.RATE_LIMITED(limit)
      const { spans } = await run(callOf({ name: 'x' }), () => Promise.reject(refused))
      assert.equal(spans[0]?.failed, 'POLICY_RATE_LIMITED')
      assert.equal(spans[0].attributes['rate_limit.decision'], 'rejected')
      assert.equal(spans[0].attributes['rate_limit.rejected_by'], by)
    }
  })

  it('writes no arguments into spans', async () => {
    const { spans } = await run(callOf({ name: 'x', arguments: { key: 'hush' } }), async () =>
      resultReply({}),
    )
    assert.doesNotMatch(JSON.stringify(spans), /hush/)
  })
})
