import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMetrics } from './metrics.ts'
import { renderPrometheus } from './prometheus.ts'

describe('createMetrics()', () => {
  it('renders counters, gauges and cumulative histograms for Prometheus', () => {
    const metrics = createMetrics()
    metrics.counter('calls_total', 'Calls\nmade').with({ tool: 'a"b\\c\n' }).inc(2)
    metrics.gauge('sessions', 'Sessions').with().set(3)
    const seconds = metrics.histogram('seconds', 'Durations', [0.1, 1]).with()
    for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe(value)
    assert.equal(
      renderPrometheus(metrics.snapshot(), { service: 's' }),
      `# HELP calls_total Calls\\nmade
# TYPE calls_total counter
calls_total{service="s",tool="a\\"b\\\\c\\n"} 2
# HELP sessions Sessions
# TYPE sessions gauge
sessions{service="s"} 3
# HELP seconds Durations
# TYPE seconds histogram
seconds_bucket{service="s",le="0.1"} 2
seconds_bucket{service="s",le="1"} 3
seconds_bucket{service="s",le="+Inf"} 4
seconds_sum{service="s"} 7.65
seconds_count{service="s"} 4
`,
    )
  })

  it('gives the same series for the same labels and folds too many into one', () => {
    const metrics = createMetrics()
    const family = metrics.counter('many', 'Many')
    assert.equal(family.with({ a: '1' }), family.with({ a: '1' }))
    for (let i = 0; i < 5000; i++) family.with({ a: String(i) }).inc()
    const [many] = metrics.snapshot()
    assert.ok(many !== undefined && many.samples.length <= 2001)
    const total = many.samples.reduce((sum, s) => sum + (s.kind === 'histogram' ? 0 : s.value), 0)
    assert.equal(total, 5000)
  })

  it('refuses a second declaration of a name', () => {
    const metrics = createMetrics()
    metrics.counter('x', '')
    assert.throws(() => metrics.gauge('x', ''), /declared twice/)
  })
})
