import { Cancellation } from '../base/cancellation.ts'
import { isAppError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { workflowErrors } from './errors.ts'
import type { JournalEntry } from './journal.ts'
import type { LiveRuns } from './live-runs.ts'
import type { WorkflowPlan } from './plan.ts'
import { recoverRun } from './recover-run.ts'
import { endedSummary } from './run-details.ts'
import type { Indexed } from './run-index.ts'
import type { RunStore, StoredRun } from './run-store.ts'
import { deadlineOf } from './run-workflow.ts'
import type { LiveRun, PortsOf, RunSummary } from './runs.ts'

/** What goes on with a run that began in another life needs. */
export interface ContinueOptions {
  readonly store: RunStore
  readonly live: LiveRuns
  readonly owner: string
  readonly now: () => number
  /** Makes the plan of a composite tool as it was written. Throws when it cannot be read any more. */
  readonly compile: (definition: JsonObject) => WorkflowPlan
  readonly portsOf: PortsOf
  readonly onError: (error: unknown) => void
}

/**
 * Takes over an unfinished run whose process is gone. False: somebody else was quicker, or there was nothing left to do. A run
 * that cannot be read any more is ended as failed, so that nobody tries for ever.
 */
export async function takeOverRun(options: ContinueOptions, entry: Indexed): Promise<boolean> {
  const { store, owner, now, compile, onError } = options
  if (!(await store.index.take(entry, owner))) return false
  const summary = { ...entry.summary, owner }
  const { id } = summary
  try {
    const stored = await store.read(id)
    const recovered = recoverRun(stored.entries)
    if (recovered === undefined) {
      // It had begun in the index only.
      await store.forget(id)
      return false
    }
    if (recovered.finished !== undefined) {
      // Only the index was behind.
      await store.end(endedSummary(summary, recovered))
      return false
    }
    const plan = compile(recovered.started.definition)
    const fence = { kind: 'run-taken', at: now(), owner } as const
    return (await goOn(options, summary, stored, fence, plan)) !== undefined
  } catch (error) {
    onError(error)
    // The store may be back at the next look.
    if (isAppError(error) && error.code.startsWith('STORAGE_')) return false
    const reason = error instanceof Error ? error.message : String(error)
    const message = `cannot be continued: ${reason}`
    await store.end({ ...summary, status: 'failed', endedAt: now(), error: message })
    return false
  }
}

/** Goes on with an ended run from what failed. Rejects with WORKFLOW_RUN_NOT_FOUND or WORKFLOW_RUN_NOT_RESUMABLE. */
export async function resumeRun(options: ContinueOptions, id: string): Promise<LiveRun> {
  const { store, owner, now, compile } = options
  const found = await store.index.find(id)
  if (found === undefined) throw workflowErrors.RUN_NOT_FOUND({ run: id })
  if (found.open) throw notResumable(id, 'it is under way')
  if (found.summary.status === 'completed') throw notResumable(id, 'it completed')
  const stored = await store.read(id)
  const recovered = recoverRun(stored.entries)
  if (recovered === undefined) throw notResumable(id, 'its journal is not kept any more')
  const plan = compile(recovered.started.definition)
  const deadline = deadlineOf(plan, now())
  const limit = deadline === undefined ? {} : { deadline }
  const { workflow, startedAt } = found.summary
  const summary: RunSummary = { id, workflow, startedAt, status: 'running', owner }
  if (!(await store.index.reopen(found, summary))) throw notResumable(id, 'it was resumed already')
  const run = await goOn(
    options,
    summary,
    stored,
    { kind: 'run-resumed', at: now(), ...limit },
    plan,
  )
  if (run === undefined) throw notResumable(id, 'another process has it')
  return run
}

/** Writes the entry that makes the journal ours, and launches the run; undefined: another process was quicker. */
async function goOn(
  { store, live, portsOf }: ContinueOptions,
  summary: RunSummary,
  stored: StoredRun,
  entry: JournalEntry,
  plan: WorkflowPlan,
): Promise<LiveRun | undefined> {
  const { id } = summary
  const lost = new Cancellation()
  const journal = await store.goOn(id, stored, entry, () => lost.cancel('taken over'))
  const recovered = recoverRun([...stored.entries, entry])
  if (journal === undefined || recovered === undefined) return undefined
  const { args, caller } = recovered.started
  const { deadline } = recovered
  return live.launch({ summary, plan, args, caller, portsOf, journal, lost, deadline, recovered })
}

function notResumable(run: string, reason: string): Error {
  return workflowErrors.RUN_NOT_RESUMABLE({ run, reason })
}
