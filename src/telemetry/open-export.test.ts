import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { telemetry } from './config.ts'
import type { Logger } from './logger.ts'
import { silentLogger } from './logger.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { openExport } from './open-export.ts'
import { otlpUrl } from './otlp/exporter-options.ts'
import { parseResourceAttributes } from './otlp/resource.ts'
import { openCollector } from './testing/otlp-collector.ts'
import { parseTraceparent } from './trace-context.ts'

const PARENT = parseTraceparent('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'v=1')!

function open(config: object, more: { metrics?: Metrics; log?: Logger; env?: object } = {}) {
  return openExport({
    config: telemetry.parse({ insecure: true, samplingRate: '1', ...config }),
    service: { name: 'team-a', version: '1.2.3' },
    env: { ...more.env },
    metrics: () => more.metrics?.snapshot() ?? [],
    log: more.log ?? silentLogger,
    metricsIntervalMs: 20,
  })
}

describe('openExport()', () => {
  it('sends spans with their parents, attributes, failure and who we are', async () => {
    await using collector = await openCollector()
    const { tracing, close } = await open(
      {
        endpoint: collector.address,
        tracingEnabled: true,
        headers: { 'x-key': 'k' },
        environmentVariables: ['REGION', 'NOT_SET'],
        customAttributes: { stage: 'test' },
      },
      { env: { REGION: 'north', OTEL_RESOURCE_ATTRIBUTES: 'host.name=box%201,stage=overruled' } },
    )
    const server = tracing!.startSpan('tools/call echo', {
      kind: 'server',
      parent: PARENT,
      attributes: { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': undefined },
    })
    const client = tracing!.startSpan('tools/call echo', { kind: 'client', parent: server.context })
    client.set('mcp.server.name', 'b')
    client.fail('MCP_BACKEND_TIMEOUT', 'too slow')
    client.end()
    server.end()
    await close()

    const [inner, outer] = collector.spans
    assert.equal(collector.spans.length, 2)
    assert.equal(outer?.name, 'tools/call echo')
    assert.deepEqual([outer?.kind, inner?.kind], [2, 3])
    assert.equal(outer?.traceId, PARENT.traceId)
    assert.equal(outer?.parentSpanId, PARENT.spanId)
    assert.equal(outer?.spanId, server.context.spanId)
    assert.equal(outer?.traceState, 'v=1')
    assert.deepEqual(outer?.attributes, { 'mcp.method.name': 'tools/call' })
    assert.equal(inner?.parentSpanId, outer?.spanId)
    assert.deepEqual(inner?.attributes, {
      'mcp.server.name': 'b',
      'error.type': 'MCP_BACKEND_TIMEOUT',
    })
    assert.equal(inner?.statusCode, 2)
    assert.equal(server.context.state, 'v=1')
    assert.deepEqual(outer?.resource, {
      'host.name': 'box 1',
      'environment.REGION': 'north',
      stage: 'test',
      'service.name': 'team-a',
      'service.version': '1.2.3',
    })
    assert.equal(collector.requests[0]?.path, '/v1/traces')
    assert.equal(collector.requests[0]?.headers['x-key'], 'k')
  })

  it('samples new traces by ratio, and follows the decision of a parent', async () => {
    await using collector = await openCollector()
    const config = { endpoint: collector.address, tracingEnabled: true, samplingRate: '0' }
    const { tracing, close } = await open(config)
    const none = tracing!.startSpan('unsampled', { kind: 'server' })
    const child = tracing!.startSpan('child', { kind: 'client', parent: none.context })
    const wanted = tracing!.startSpan('sampled', { kind: 'server', parent: PARENT })
    for (const span of [child, none, wanted]) span.end()
    await close()
    assert.deepEqual(
      collector.spans.map((span) => span.name),
      ['sampled'],
    )
    assert.equal(none.context.flags & 1, 0)
    assert.equal(child.context.traceId, none.context.traceId)
    assert.equal(wanted.context.flags & 1, 1)
  })

  it('sends metrics at regular times and at the end, under the names of OpenTelemetry', async () => {
    await using collector = await openCollector()
    const metrics = createMetrics()
    metrics.counter('toolhive_mcp_requests_total', 'Requests').with({ status: 'success' }).inc(3)
    metrics.gauge('toolhive_vmcp_sessions', 'Sessions').with().set(2)
    const seconds = metrics.histogram('toolhive_mcp_request_duration_seconds', 'Time', [0.1, 1])
    for (const value of [0.05, 0.5, 0.6, 7]) seconds.with({ m: 'x' }).observe(value)
    const { tracing, close } = await open(
      { endpoint: collector.address, metricsEnabled: true, serviceName: 'named' },
      { metrics },
    )
    assert.equal(tracing, undefined)
    while (collector.metrics.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    await close()
    const strip = ({ name, unit, kind, points }: (typeof collector.metrics)[0]) => ({
      name,
      unit,
      kind,
      points,
    })
    assert.deepEqual(collector.metrics.slice(0, 3).map(strip), [
      {
        name: 'toolhive_mcp_requests',
        unit: '',
        kind: 'sum',
        points: [{ attributes: { status: 'success' }, value: 3 }],
      },
      {
        name: 'toolhive_vmcp_sessions',
        unit: '',
        kind: 'gauge',
        points: [{ attributes: {}, value: 2 }],
      },
      {
        name: 'toolhive_mcp_request_duration',
        unit: 's',
        kind: 'histogram',
        points: [{ attributes: { m: 'x' }, counts: [1, 2, 1], count: 4 }],
      },
    ])
    assert.equal(collector.metrics[0]?.resource['service.name'], 'named')
    assert.equal(collector.requests[0]?.path, '/v1/metrics')
  })

  it('says once that the collector refuses, and ends in time', async () => {
    await using collector = await openCollector()
    collector.answer(400)
    const said: string[] = []
    const log = { ...silentLogger, warn: (_: object, message: string) => void said.push(message) }
    const { close } = await open(
      { endpoint: collector.address, metricsEnabled: true, tracingEnabled: true },
      { metrics: busyMetrics(), log },
    )
    while (collector.requests.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    await close()
    assert.deepEqual(said, ['Cannot send telemetry'])
  })

  it('ends in bounded time though nobody listens at the endpoint', async () => {
    const { tracing, close } = await open({ endpoint: '127.0.0.1:9', tracingEnabled: true })
    tracing!.startSpan('lost', { kind: 'server', parent: PARENT }).end()
    const startMs = performance.now()
    await close()
    assert.ok(performance.now() - startMs < 5_000)
  })

  it('warns when it is asked to send without an endpoint', async () => {
    const said: string[] = []
    const log = { ...silentLogger, warn: (_: object, message: string) => void said.push(message) }
    const { tracing, close } = await open({ tracingEnabled: true }, { log })
    assert.equal(tracing, undefined)
    assert.equal(said.length, 1)
    await close()
  })

  it('names a file of trust anchors that it cannot read', async () => {
    await assert.rejects(
      open({ endpoint: 'c:4318', tracingEnabled: true, caCertPath: '/nowhere/ca.pem' }),
      { code: 'TELEMETRY_CA_FILE' },
    )
  })
})

describe('otlpUrl()', () => {
  it('takes host and port, or a URL with a path of its own', () => {
    assert.equal(otlpUrl('c:4318', true, 'traces'), 'http://c:4318/v1/traces')
    assert.equal(otlpUrl('c:4318', false, 'metrics'), 'https://c:4318/v1/metrics')
    assert.equal(
      otlpUrl('https://x.example/otlp/', true, 'traces'),
      'https://x.example/otlp/v1/traces',
    )
  })
})

describe('parseResourceAttributes()', () => {
  it('decodes pairs and leaves out what is none', () => {
    assert.deepEqual(parseResourceAttributes('a=1, b = x%20y ,junk,=z,c=%zz'), {
      a: '1',
      b: 'x y',
      c: '%zz',
    })
    assert.deepEqual(parseResourceAttributes(undefined), {})
  })
})

function busyMetrics(): Metrics {
  const metrics = createMetrics()
  metrics.counter('x_total', 'X').with().inc()
  return metrics
}
