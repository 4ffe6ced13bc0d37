import type { Metrics } from '../../telemetry/metrics.ts'
import type { RunEvent } from '../../workflow/run-events.ts'

/**
 * The metrics of runs, under the names users' dashboards know (vmcp 15), and ours of steps and iterations. Labels come from the
 * configuration alone: names of composite tools and ids of their steps.
 */
export function createRunMetrics(metrics: Metrics): (event: RunEvent) => void {
  const executions = metrics.counter(
    'toolhive_vmcp_workflow_executions_total',
    'Runs of composite tools that have ended',
  )
  const errors = metrics.counter(
    'toolhive_vmcp_workflow_errors_total',
    'Runs of composite tools that did not complete',
  )
  const seconds = metrics.histogram(
    'toolhive_vmcp_workflow_duration_seconds',
    'Duration of runs of composite tools',
  )
  const underWay = metrics.gauge('toolhive_vmcp_workflow_runs', 'Runs under way in this process')
  const steps = metrics.counter('toolhive_vmcp_workflow_steps_total', 'Steps that have ended')
  const stepSeconds = metrics.histogram(
    'toolhive_vmcp_workflow_step_duration_seconds',
    'Duration of steps',
  )
  const iterations = metrics.counter(
    'toolhive_vmcp_workflow_iterations_total',
    'Iterations of loops that have ended',
  )
  const retries = metrics.counter('toolhive_vmcp_workflow_retries_total', 'Further tries of steps')

  return (event) => {
    const run = { 'workflow.name': event.workflow }
    switch (event.kind) {
      case 'run-started':
        underWay.with(run).add(1)
        break
      case 'run-finished':
        underWay.with(run).add(-1)
        executions.with(run).inc()
        if (event.status !== 'completed') errors.with(run).inc()
        seconds.with(run).observe(event.durationMs / 1000)
        break
      case 'step-finished': {
        const step = { ...run, step: event.step }
        steps.with({ ...step, status: event.status }).inc()
        if (event.status !== 'skipped') stepSeconds.with(step).observe(event.durationMs / 1000)
        break
      }
      case 'iteration-finished':
        iterations.with({ ...run, step: event.step, status: event.status }).inc()
        break
      case 'retrying':
        retries.with({ ...run, step: event.step }).inc()
        break
      default:
    }
  }
}
