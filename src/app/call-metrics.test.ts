import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMetrics } from '../telemetry/metrics.ts'
import { renderPrometheus } from '../telemetry/prometheus.ts'
import { createCallMetrics, type AnsweredCall } from './call-metrics.ts'

const CALL: AnsweredCall = {
  method: 'tools/call',
  transport: 'streamable-http',
  status: 'success',
  toolStatus: 'success',
  tool: 'echo',
  seconds: 0.03,
}

function setUp() {
  const metrics = createMetrics()
  const calls = createCallMetrics(metrics, 'team-a')
  const lines = () => renderPrometheus(metrics.snapshot()).split('\n')
  const line = (start: string) => lines().filter((each) => each.startsWith(start))
  return { calls, lines, line }
}

describe('createCallMetrics()', () => {
  it('counts calls and tools under the names and labels of dashboards', () => {
    const { calls, line } = setUp()
    calls.answered(CALL)
    calls.answered({ ...CALL, toolStatus: 'error' })
    const labels =
      'server="team-a",transport="streamable-http",mcp_method="tools/call",status="success"'
    assert.deepEqual(line('toolhive_mcp_requests_total{'), [
      `toolhive_mcp_requests_total{${labels}} 2`,
    ])
    assert.deepEqual(line('toolhive_mcp_request_duration_seconds_count'), [
      `toolhive_mcp_request_duration_seconds_count{${labels}} 2`,
    ])
    assert.deepEqual(line('toolhive_mcp_tool_calls_total{'), [
      'toolhive_mcp_tool_calls_total{server="team-a",tool="echo",status="success"} 1',
      'toolhive_mcp_tool_calls_total{server="team-a",tool="echo",status="error"} 1',
    ])
    assert.deepEqual(line('mcp_server_operation_duration_seconds_count'), [
      'mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call"} 2',
    ])
  })

  it('counts calls to backends and which of them failed', () => {
    const { calls, line } = setUp()
    calls.backendAnswered('files', 'tools/call', 'read', false, 0.2)
    calls.backendAnswered('files', 'tools/call', 'read', true, 0.2)
    const labels = 'target_workload="files",action="tools/call",tool="read"'
    assert.deepEqual(line('toolhive_vmcp_backend_requests_total{'), [
      `toolhive_vmcp_backend_requests_total{${labels}} 2`,
    ])
    assert.deepEqual(line('toolhive_vmcp_backend_errors_total{'), [
      `toolhive_vmcp_backend_errors_total{${labels}} 1`,
    ])
  })

  it('does not grow with the methods that clients invent', () => {
    const { calls, lines, line } = setUp()
    for (let i = 0; i < 1000; i++) calls.answered({ ...CALL, method: `evil/${i}`, status: 'error' })
    assert.equal(line('toolhive_mcp_requests_total{').length, 1)
    assert.ok(lines().length < 100)
  })
})
