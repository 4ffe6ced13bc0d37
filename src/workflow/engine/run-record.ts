import type { WorkflowPlan } from '../plan.ts'
import type { StepReport } from '../outcome.ts'
import { toEntry } from './step-records.ts'
import type { RunScope } from './run-scope.ts'
import type { StepEnd } from './step-end.ts'

/** How the steps of one run came out, told to whoever must know: templates, journal, events, progress. */
export interface RunRecord {
  readonly ends: readonly (StepEnd | undefined)[]
  begin(place: number): void
  end(place: number, end: StepEnd): void
  /** Takes a step that ended in an earlier life; nobody is told again. */
  restore(place: number, end: StepEnd): void
}

/** The record of a run that begins, or goes on. */
export function createRunRecord(scope: RunScope): RunRecord {
  const { plan, ports, data, run, progress } = scope
  const ends = new Array<StepEnd | undefined>(plan.steps.length).fill(undefined)
  const begunAt = new Array<number>(plan.steps.length).fill(0)

  function show(place: number, end: StepEnd): void {
    ends[place] = end
    const shown = data.steps[place]!
    if (end.status === 'suspended') return
    shown.status = end.status === 'unknown' ? 'failed' : end.status
    if (end.output !== undefined) {
      shown.output = end.output
      shown.content = ('content' in end ? end.content : undefined) ?? end.output
    }
    if ('error' in end) shown.error = end.error
  }

  return {
    ends,

    begin(place) {
      begunAt[place] = performance.now()
      data.steps[place]!.status = 'running'
      ports.event({ kind: 'step-started', ...aboutStep(place) })
    },

    end(place, end) {
      show(place, end)
      if (end.status === 'suspended') return
      const step = plan.steps[place]!
      ports.journal.add(toEntry(step, end, ports.now()))
      ports.event({
        kind: 'step-finished',
        ...aboutStep(place),
        status: end.status === 'unknown' ? 'failed' : end.status,
        tries: end.tries,
        durationMs: begunAt[place] === 0 ? 0 : performance.now() - begunAt[place]!,
        ...('error' in end ? { error: end.error } : {}),
      })
      progress.step(step.id)
    },

    restore(place, end) {
      show(place, end)
      progress.restore(plan.steps[place]!.does.kind === 'forEach' ? iterationsOf(end) : 0)
    },
  }

  function aboutStep(place: number) {
    const { id, does } = plan.steps[place]!
    const tool =
      does.kind === 'tool' ? does.tool : does.kind === 'forEach' ? does.step.does.tool : undefined
    return { run, workflow: plan.name, step: id, ...(tool === undefined ? {} : { tool }) }
  }
}

/** How many iterations a loop had. */
function iterationsOf(end: StepEnd): number {
  const iterations = 'output' in end ? end.output?.['iterations'] : undefined
  return Array.isArray(iterations) ? iterations.length : 0
}

/** The steps of a run as they stand, for its partial results. */
export function reportSteps(
  plan: WorkflowPlan,
  ends: readonly (StepEnd | undefined)[],
): Record<string, StepReport> {
  return Object.fromEntries(plan.steps.map((step, place) => [step.id, reportOf(ends[place])]))
}

function reportOf(end: StepEnd | undefined): StepReport {
  if (end === undefined || end.status === 'suspended') return { status: 'pending' }
  return {
    status: end.status === 'unknown' ? 'failed' : end.status,
    ...(end.output === undefined ? {} : { output: end.output }),
    ...('error' in end ? { error: end.error } : {}),
  }
}
