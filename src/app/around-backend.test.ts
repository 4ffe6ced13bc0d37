import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import type { Backend } from '../gateway/backend.ts'
import type { Outcome } from '../gateway/backend-health.ts'
import type { RoutedRequest } from '../gateway/call-backend.ts'
import type { HealthMonitor } from '../gateway/health-monitor.ts'
import { makeCall } from '../gateway/testing/fake-backend.ts'
import { mcpErrors } from '../mcp/errors.ts'
import { resultReply } from '../mcp/reply.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { renderPrometheus } from '../telemetry/prometheus.ts'
import { createAroundBackend, outcomeOf } from './around-backend.ts'
import { createCallMetrics } from './call-metrics.ts'

const BACKEND = { name: 'b' } as Backend
const REQUEST: RoutedRequest = { method: 'tools/call', tool: 't', params: {} }
const DONE = resultReply({})

function setUp(options: { admitted?: boolean; headers?: string[] } = {}) {
  const outcomes: Outcome[] = []
  const metrics = createMetrics()
  const health = {
    admit: () => options.admitted ?? true,
    record: (_name: string, outcome: Outcome) => void outcomes.push(outcome),
  } as unknown as HealthMonitor
  const around = createAroundBackend({
    health,
    metrics: createCallMetrics(metrics),
    passthroughHeaders: () => options.headers ?? [],
  })
  return { around, outcomes, text: () => renderPrometheus(metrics.snapshot()) }
}

describe('createAroundBackend()', () => {
  it('records success and counts the request of the backend by tool', async () => {
    const t = setUp()
    assert.equal(await t.around(BACKEND, makeCall(), REQUEST, async () => DONE), DONE)
    assert.deepEqual(t.outcomes, [{ kind: 'success' }])
    assert.match(
      t.text(),
      /toolhive_vmcp_backend_requests_total\{target_workload="b",action="tools\/call",tool="t"\} 1/,
    )
  })

  it('records failures of the backend, not those of the caller', async () => {
    const t = setUp()
    const failing = (error: Error) =>
      t.around(BACKEND, makeCall(), REQUEST, () => Promise.reject(error))
    await assert.rejects(
      failing(
        mcpErrors.BACKEND_TIMEOUT({ backend: 'b', reason: 'x', ran: 'unknown', timeoutMs: 1 }),
      ),
    )
    await assert.rejects(failing(mcpErrors.CALL_CANCELLED({ reason: 'x', ran: 'unknown' })))
    assert.deepEqual(t.outcomes, [{ kind: 'failure', category: 'timeout' }])
    assert.match(t.text(), /toolhive_vmcp_backend_errors_total\{[^}]*\} [12]\n/)
  })

  it('refuses at once while the breaker is open', async () => {
    const t = setUp({ admitted: false })
    const sent = t.around(BACKEND, makeCall(), REQUEST, () => assert.fail('was sent'))
    await assert.rejects(sent, { code: 'GATEWAY_BREAKER_OPEN' })
  })

  it('passes on the listed headers of the client only', async () => {
    const t = setUp({ headers: ['x-tenant', 'x-none'] })
    const call = makeCall({ headers: { 'x-tenant': ['a', 'b'], authorization: 'Bearer secret' } })
    await t.around(BACKEND, call, REQUEST, async (request) => {
      assert.deepEqual(request.headers, { 'x-tenant': 'a, b' })
      return DONE
    })
  })
})

describe('outcomeOf()', () => {
  it("hands on the trace of the client's request, unless the message names one", async () => {
    const t = setUp()
    const headers = { traceparent: '00-a-b-01', tracestate: 'v=1', other: 'x' }
    const sentFor = async (params: JsonObject) => {
      let sent: RoutedRequest | undefined
      await t.around(BACKEND, { ...makeCall(), params, headers }, REQUEST, async (request) => {
        sent = request
        return DONE
      })
      return sent?.headers
    }
    assert.deepEqual(await sentFor({}), { traceparent: '00-a-b-01', tracestate: 'v=1' })
    assert.equal(await sentFor({ _meta: { traceparent: '00-c-d-01' } }), undefined)
  })

  it('tells a backend that refuses our credentials from one that is broken, and both from a wrong call', () => {
    const http = (httpStatus: number) =>
      outcomeOf(mcpErrors.BACKEND_HTTP({ backend: 'b', reason: 'x', ran: 'no', httpStatus }))
    assert.deepEqual(http(401), { kind: 'unauthenticated', hasCredentials: false })
    assert.deepEqual(http(503), { kind: 'failure', category: 'http' })
    assert.equal(http(400), undefined)
    assert.equal(
      outcomeOf(new AppError({ code: 'X', fault: 'bug', status: 500, message: 'x' })),
      undefined,
    )
    assert.equal(outcomeOf(new Error('x')), undefined)
  })
})
