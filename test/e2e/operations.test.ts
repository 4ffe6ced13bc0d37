import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openCollector } from '../../src/telemetry/testing/otlp-collector.ts'
import { connectHttp } from '../support/clients.ts'
import { startFixture, type FixtureBackend } from '../support/fixture.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { sendModern } from '../support/raw-mcp.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

/** What operators see of a gateway: endpoints, metrics, traces, audit; one backend works, one is away. */
describe('a gateway in operation', () => {
  let folder: TempDir
  let fixture: FixtureBackend
  let gateway: Gateway
  let collector: Awaited<ReturnType<typeof openCollector>>
  let auditFile = ''
  before(async () => {
    folder = await createTempDir()
    auditFile = join(folder.path, 'audit.log')
    fixture = await startFixture('http-dual')
    collector = await openCollector()
    gateway = await startGateway(
      gatewayConfig(
        {
          good: fixture.entry,
          away: { transport: 'streamable-http', url: 'http://127.0.0.1:9/mcp' },
        },
        {
          telemetry: {
            endpoint: collector.address,
            insecure: true,
            tracingEnabled: true,
            metricsEnabled: true,
            samplingRate: '1',
            enablePrometheusMetricsPath: true,
            prometheusPort: 0,
            customAttributes: { stage: 'test' },
          },
          audit: { logFile: auditFile, includeRequestData: true },
          operational: {
            failureHandling: {
              partialFailureMode: 'best_effort',
              healthCheckInterval: '2s',
              healthCheckTimeout: '1500ms',
              unhealthyThreshold: 2,
            },
          },
        },
      ),
    )
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await fixture?.[Symbol.asyncDispose]()
    await collector?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${gateway.origin}${path}`, init)
    return { response, body: await response.text() }
  }
  const getJson = async (path: string) => JSON.parse((await get(path)).body)

  it('says that it lives and is ready, uncached, to GET and HEAD only', async () => {
    for (const path of ['/health', '/ping']) {
      const { response, body } = await get(path)
      assert.deepEqual([response.status, body], [200, '{"status":"ok"}'])
      assert.equal(response.headers.get('cache-control'), 'no-store')
    }
    assert.deepEqual(await getJson('/readyz'), { status: 'ready', mode: 'static' })
    assert.deepEqual((await get('/status', { method: 'HEAD' })).body, '')
    assert.equal((await get('/status', { method: 'POST' })).response.status, 405)
    assert.equal((await get('/nothing')).response.status, 404)
  })

  it('shows which backend is well and which is not', async () => {
    await until(
      'the absent backend to count as unhealthy, the other as healthy',
      async () => {
        const { summary } = await getJson('/api/backends/health')
        return summary.Unhealthy === 1 && summary.Healthy === 1 ? true : undefined
      },
      15_000,
    )
    const status = await getJson('/status')
    assert.equal(status.healthy, true)
    assert.equal(status.group_ref, 'under-test')
    assert.deepEqual(
      status.backends.map(({ name, health, transport, auth_type }: Record<string, string>) => [
        name,
        health,
        transport,
        auth_type,
      ]),
      [
        ['good', 'healthy', 'streamable-http', 'unauthenticated'],
        ['away', 'unhealthy', 'streamable-http', 'unauthenticated'],
      ],
    )
    const { monitoring_enabled: enabled, summary, backends } = await getJson('/api/backends/health')
    assert.equal(enabled, true)
    assert.deepEqual(summary, {
      Total: 2,
      Healthy: 1,
      Degraded: 0,
      Unhealthy: 1,
      Unknown: 0,
      Unauthenticated: 0,
    })
    assert.equal(backends.away.Status, 'unhealthy')
    assert.ok(backends.away.ConsecutiveFailures >= 2)
    assert.deepEqual(Object.keys(backends.good), [
      'Status',
      'ConsecutiveFailures',
      'LastCheckTime',
      'LastErrorCategory',
      'LastTransitionTime',
      'CircuitState',
      'CircuitLastChanged',
      'MCPRevision',
    ])
  })

  it('counts calls for Prometheus, on the port of clients and on its own', async () => {
    await using peer = await connectHttp(gateway.url, { era: 'legacy' })
    await peer.client.callTool({ name: 'test_simple_text', arguments: {} })
    const { response, body } = await get('/metrics')
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    assert.match(body, /^toolhive_mcp_requests_total\{.*mcp_method="tools\/call".*\} \d+$/m)
    assert.match(body, /^toolhive_vmcp_backend_requests_total\{.*target_workload="good".*\} \d+$/m)
    assert.match(body, /^toolhive_vmcp_backends_discovered\{stage="test"\} 2$/m)
    assert.match(body, /^toolhive_vmcp_backend_up\{stage="test",backend="away"\} 0$/m)
    assert.match(body, /^toolhive_vmcp_backend_up\{stage="test",backend="good"\} 1$/m)
    assert.match(body, /^toolhive_vmcp_sessions\{stage="test"\} 1$/m)
    const [, own = ''] = await gateway.child.waitFor(/(http:\/\/127\.0\.0\.1:\d+\/metrics)/, 1000)
    assert.match(await (await fetch(own)).text(), /^toolhive_mcp_requests_total/m)
  })

  it('goes on with the trace of a client and tells the audit log', async () => {
    await sendModern(
      gateway.url,
      'tools/call',
      { name: 'test_simple_text', arguments: { note: 'only in the audit log', token: 'hush' } },
      { meta: { traceparent: `00-${TRACE}-${PARENT}-01` } },
    )
    const [server, client] = await until(
      'both spans',
      async () => {
        const ours = collector.spans.filter((span) => span.traceId === TRACE)
        return ours.length >= 2
          ? [ours.find((s) => s.kind === 2), ours.find((s) => s.kind === 3)]
          : undefined
      },
      10_000,
    )
    assert.equal(server?.name, 'tools/call test_simple_text')
    assert.equal(server?.parentSpanId, PARENT)
    assert.equal(client?.parentSpanId, server?.spanId)
    assert.equal(client?.attributes['mcp.server.name'], 'good')
    assert.equal(server?.resource['service.name'], 'under-test')
    assert.equal(server?.resource['stage'], 'test')

    const isOurs = (it: { data?: { request: string } }) =>
      it.data?.request.includes('only in the audit log')
    const lines = await until('the line', async () => {
      const text = await readFile(auditFile, 'utf8')
      const all = text
        .trimEnd()
        .split('\n')
        .map((it) => JSON.parse(it))
      return all.some(isOurs) ? all : undefined
    })
    const line = lines.find(isOurs)
    assert.equal(line.type, 'mcp_tool_call')
    const begun = lines.find((it) => it.type === 'mcp_initialize')
    assert.equal(begun.subjects.client_name, 'test-client')
    assert.equal(begun.source.value, '127.0.0.1')
    assert.equal(line.outcome, 'success')
    assert.deepEqual(line.target, {
      endpoint: '/mcp',
      method: 'tools/call',
      type: 'tool',
      name: 'test_simple_text',
    })
    assert.doesNotMatch(line.data.request, /hush/)
    assert.equal(line.metadata.extra.backend_name, 'good')
    assert.equal(line.source.value, '127.0.0.1')
    assert.equal((await stat(auditFile)).mode & 0o777, 0o600)
  })

  it('sends what is left when it is told to end, and ends with 0', async () => {
    const before = collector.spans.length
    await sendModern(gateway.url, 'tools/call', { name: 'test_simple_text', arguments: {} })
    assert.equal(await gateway.child.stop(10_000), 0)
    assert.ok(collector.spans.length >= before + 2)
    assert.ok(collector.metrics.some(({ name }) => name === 'toolhive_mcp_requests'))
    const lines = (await readFile(auditFile, 'utf8')).trimEnd().split('\n')
    assert.equal(JSON.parse(lines.at(-1) ?? '').type, 'mcp_tool_call')
  })
})
