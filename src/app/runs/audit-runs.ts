import { ANONYMOUS } from '../../mcp/caller.ts'
import type { InnerCaller } from '../../gateway/inner-call.ts'
import type { Audit, AuditEvent, AuditEventType, AuditOutcome } from '../../policy/audit.ts'
import type { RunStatus, StepStatus } from '../../workflow/outcome.ts'
import type { RunEvent } from '../../workflow/run-events.ts'

export interface RunAuditOptions {
  /** Asked each time, as a reload may replace it. */
  readonly audit: () => Audit | undefined
  readonly callerOf: (run: string) => InnerCaller | undefined
}

/** Writes beginnings and ends of runs and their steps into the audit log (vmcp 14). */
export function createRunAudit({ audit, callerOf }: RunAuditOptions): (event: RunEvent) => void {
  return (event) => {
    const log = audit()
    const type = typeOf(event)
    if (log === undefined || type === undefined || !log.wants(type)) return
    const caller = callerOf(event.run)
    log.record({
      type,
      outcome: outcomeOf(event),
      source: caller?.source ?? '',
      userAgent: userAgentOf(caller),
      principal: caller?.principal ?? ANONYMOUS,
      client: caller?.client.info,
      target: {
        endpoint: 'workflow',
        method: 'tools/call',
        type: 'step' in event ? 'workflow_step' : 'workflow',
        name: 'step' in event ? event.step : event.workflow,
      },
      durationMs: 'durationMs' in event ? event.durationMs : 0,
      transport: 'workflow',
      workflow: workflowOf(event),
      ...('error' in event && event.error !== undefined
        ? { response: () => event.error ?? '' }
        : undefined),
    })
  }
}

function typeOf(event: RunEvent): AuditEventType | undefined {
  switch (event.kind) {
    case 'run-started':
      return 'vmcp_workflow_started'
    case 'run-finished':
      return RUN_ENDS[event.status]
    case 'step-started':
      return 'vmcp_workflow_step_started'
    case 'step-finished':
      return STEP_ENDS[event.status]
    default:
      return undefined
  }
}

const RUN_ENDS: Readonly<Record<RunStatus, AuditEventType>> = {
  completed: 'vmcp_workflow_completed',
  failed: 'vmcp_workflow_failed',
  timed_out: 'vmcp_workflow_timed_out',
  cancelled: 'vmcp_workflow_failed',
  outcome_unknown: 'vmcp_workflow_failed',
}

/** A step that ended is none of the first two. */
const STEP_ENDS: Readonly<Partial<Record<StepStatus, AuditEventType>>> = {
  completed: 'vmcp_workflow_step_completed',
  failed: 'vmcp_workflow_step_failed',
  cancelled: 'vmcp_workflow_step_failed',
  skipped: 'vmcp_workflow_step_skipped',
}

function outcomeOf(event: RunEvent): AuditOutcome {
  if (event.kind !== 'run-finished' && event.kind !== 'step-finished') return 'success'
  if (event.status === 'completed' || event.status === 'skipped') return 'success'
  return event.status === 'outcome_unknown' ? 'error' : 'failure'
}

function workflowOf(event: RunEvent): NonNullable<AuditEvent['workflow']> {
  return {
    name: event.workflow,
    run: event.run,
    step: 'step' in event ? event.step : undefined,
    tool: 'tool' in event ? event.tool : undefined,
    retries: 'tries' in event ? Math.max(0, event.tries - 1) : undefined,
    status: 'status' in event ? event.status : undefined,
  }
}

function userAgentOf(caller: InnerCaller | undefined): string | undefined {
  const found = caller?.headers?.['user-agent']
  return typeof found === 'string' ? found : undefined
}
