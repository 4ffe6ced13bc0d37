import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancellation } from '../../base/cancellation.ts'
import type { Call } from '../../mcp/call.ts'
import type { AuditEvent } from '../../policy/audit.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import type { Span, SpanOptions, Tracing } from '../../telemetry/tracing.ts'
import type { RunEvent } from '../../workflow/run-events.ts'
import { createRunAudit } from './audit-runs.ts'
import { createRunMetrics } from './measure-runs.ts'
import { createRunTracing } from './trace-runs.ts'

const OF = { run: 'r1', workflow: 'triage' }
const STEP = { ...OF, step: 'label', tool: 'gh_label' }

/** A run with a step that works at the second try, a loop, one that is skipped and one that fails. */
const EVENTS: readonly RunEvent[] = [
  { ...OF, kind: 'run-started', steps: 3, continued: false },
  { ...STEP, kind: 'step-started' },
  { ...STEP, kind: 'retrying', attempt: 1, delayMs: 5, error: 'busy' },
  { ...STEP, kind: 'iteration-finished', iteration: 0, status: 'completed', tries: 2 },
  { ...STEP, kind: 'step-finished', status: 'completed', tries: 2, durationMs: 20 },
  { ...OF, step: 'skip', kind: 'step-finished', status: 'skipped', tries: 0, durationMs: 0 },
  { ...OF, step: 'bad', tool: 'x', kind: 'step-started' },
  {
    ...OF,
    step: 'bad',
    tool: 'x',
    kind: 'step-finished',
    status: 'failed',
    tries: 1,
    durationMs: 3,
    error: 'it failed',
  },
  { ...OF, kind: 'run-finished', status: 'failed', durationMs: 40, failedStep: 'bad', error: 'no' },
]

describe('what is told of runs', () => {
  it('is counted', () => {
    const metrics = createMetrics()
    const measure = createRunMetrics(metrics)
    for (const event of EVENTS) measure(event)
    const value = (name: string, labels: object = { 'workflow.name': 'triage' }) => {
      const found = metrics
        .snapshot()
        .find((each) => each.name === `toolhive_vmcp_workflow_${name}`)
      const sample = found?.samples.find(
        (each) => JSON.stringify(each.labels) === JSON.stringify(labels),
      )
      return sample?.kind === 'histogram' ? sample.count : sample?.value
    }
    assert.equal(value('executions_total'), 1)
    assert.equal(value('errors_total'), 1)
    assert.equal(value('duration_seconds'), 1)
    assert.equal(value('runs'), 0)
    const step = { 'workflow.name': 'triage', step: 'label' }
    assert.equal(value('steps_total', { ...step, status: 'completed' }), 1)
    assert.equal(value('step_duration_seconds', step), 1)
    assert.equal(value('step_duration_seconds', { ...step, step: 'skip' }), undefined)
    assert.equal(value('iterations_total', { ...step, status: 'completed' }), 1)
    assert.equal(value('retries_total', step), 1)
  })

  it('is audited, with its caller', () => {
    const written: AuditEvent[] = []
    const record = createRunAudit({
      audit: () => ({
        wants: (type) => type !== 'vmcp_workflow_step_started',
        record: (event) => void written.push(event),
        flush() {},
        close: async () => {},
      }),
      callerOf: () => ({
        principal: { kind: 'local', binding: 'ada' },
        client: { era: 'modern', version: '2026-07-28', capabilities: {} },
        headers: { 'user-agent': 'editor/1' },
        source: '10.0.0.1',
      }),
    })
    for (const event of EVENTS) record(event)
    assert.deepEqual(
      written.map(({ type, outcome, target }) => [type, outcome, target.type, target.name]),
      [
        ['vmcp_workflow_started', 'success', 'workflow', 'triage'],
        ['vmcp_workflow_step_completed', 'success', 'workflow_step', 'label'],
        ['vmcp_workflow_step_skipped', 'success', 'workflow_step', 'skip'],
        ['vmcp_workflow_step_failed', 'failure', 'workflow_step', 'bad'],
        ['vmcp_workflow_failed', 'failure', 'workflow', 'triage'],
      ],
    )
    const [, step] = written
    assert.deepEqual(step?.workflow, {
      name: 'triage',
      run: 'r1',
      step: 'label',
      tool: 'gh_label',
      retries: 1,
      status: 'completed',
    })
    assert.equal(step.principal.binding, 'ada')
    assert.equal(step.source, '10.0.0.1')
    assert.equal(step.userAgent, 'editor/1')
    assert.equal(step.durationMs, 20)
    assert.equal(written[3]?.response?.(100), 'it failed')
  })

  it('is traced: the run below its call, steps below the run, calls below their step', () => {
    const spans: { name: string; parent: string | undefined; failed?: string; ended: boolean }[] =
      []
    const tracing: Tracing = {
      startSpan(name: string, { parent }: SpanOptions): Span {
        const span = { name, parent: parent?.spanId, ended: false } as (typeof spans)[number]
        spans.push(span)
        return {
          context: {
            traceId: 'a'.repeat(32),
            spanId: String(spans.length).padStart(16, '0'),
            flags: 1,
          },
          set() {},
          fail: (type) => void (span.failed = type),
          end: () => void (span.ended = true),
        }
      },
      close: async () => {},
    }
    const outer = { traceId: 'a'.repeat(32), spanId: 'outer', flags: 1 }
    const traced = createRunTracing(tracing, () => outer)
    traced.began('r1', {} as Call)
    const step = { tool: 'x', arguments: {}, attempt: 1, cancellation: new Cancellation() }
    traced.event(EVENTS[0]!)
    traced.event(EVENTS[1]!)
    assert.deepEqual(traced.metaOf('r1', { ...step, step: 'label' }), {
      traceparent: `00-${'a'.repeat(32)}-0000000000000002-01`,
    })
    for (const event of EVENTS.slice(2)) traced.event(event)
    assert.deepEqual(spans, [
      { name: 'workflow triage', parent: 'outer', failed: 'failed', ended: true },
      { name: 'workflow step label', parent: '0000000000000001', ended: true },
      { name: 'workflow step bad', parent: '0000000000000001', failed: 'step_failed', ended: true },
    ])
    assert.equal(traced.metaOf('r1', { ...step, step: 'label' }), undefined)
  })
})
