import type { JsonObject } from '../../base/json.ts'
import type { Call } from '../../mcp/call.ts'
import { formatTraceparent, type TraceContext } from '../../telemetry/trace-context.ts'
import type { Span, Tracing } from '../../telemetry/tracing.ts'
import type { StepCall } from '../../workflow/ports.ts'
import type { RunEvent } from '../../workflow/run-events.ts'

/** Spans of runs, below the call that started them, and of their steps; the calls of a step are below its span. */
export interface RunTracing {
  /** A call starts a run. */
  began(run: string, call: Call): void
  readonly event: (event: RunEvent) => void
  /** `_meta` of a call of a step. */
  metaOf(run: string, call: StepCall): JsonObject | undefined
}

interface TracedRun {
  readonly parent: TraceContext | undefined
  span: Span | undefined
  readonly steps: Map<string, Span>
}

export function createRunTracing(
  tracing: Tracing,
  contextOf: (call: Call) => TraceContext | undefined,
): RunTracing {
  const runs = new Map<string, TracedRun>()

  function traced(run: string): TracedRun {
    let found = runs.get(run)
    if (found === undefined) {
      found = { parent: undefined, span: undefined, steps: new Map() }
      runs.set(run, found)
    }
    return found
  }

  return {
    began(run, call) {
      runs.set(run, { parent: contextOf(call), span: undefined, steps: new Map() })
    },
    event(event) {
      const of = traced(event.run)
      switch (event.kind) {
        case 'run-started':
          of.span = tracing.startSpan(`workflow ${event.workflow}`, {
            kind: 'server',
            parent: of.parent,
            attributes: { 'workflow.name': event.workflow, 'workflow.run.id': event.run },
          })
          break
        case 'step-started':
          of.steps.set(
            event.step,
            tracing.startSpan(`workflow step ${event.step}`, {
              kind: 'server',
              parent: of.span?.context,
              attributes: {
                'workflow.name': event.workflow,
                'workflow.run.id': event.run,
                'workflow.step.id': event.step,
                'gen_ai.tool.name': event.tool,
              },
            }),
          )
          break
        case 'step-finished': {
          const span = of.steps.get(event.step)
          of.steps.delete(event.step)
          span?.set('workflow.step.status', event.status)
          if (event.status === 'failed') span?.fail('step_failed', event.error)
          span?.end()
          break
        }
        case 'run-finished':
          of.span?.set('workflow.status', event.status)
          if (event.status !== 'completed') of.span?.fail(event.status, event.error)
          of.span?.end()
          runs.delete(event.run)
          break
        default:
      }
    },
    metaOf(run, { step }) {
      const of = runs.get(run)
      const context = of?.steps.get(step)?.context ?? of?.span?.context ?? of?.parent
      return context && metaOfTrace(context)
    },
  }
}

function metaOfTrace(context: TraceContext): JsonObject {
  const { state } = context
  return {
    traceparent: formatTraceparent(context),
    ...(state === undefined ? undefined : { tracestate: state }),
  }
}
