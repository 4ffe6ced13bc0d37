import type { JsonObject } from '../../base/json.ts'
import { workflowErrors } from '../errors.ts'
import type { RunSpread } from '../iteration-spread.ts'
import type { StepCall } from '../ports.ts'

/** A fleet for tests. Jobs are `j1`, `j2`, …; `work` makes their calls, and loses what it answers with `lost`. */
export function fakeSpread(work: (call: StepCall, job: string) => Promise<JsonObject | 'lost'>): {
  spread: RunSpread
  /** What was handed over. */
  readonly jobs: string[]
  readonly waitedFor: string[]
  readonly forgotten: string[]
} {
  const jobs: string[] = []
  let names = 0
  const waitedFor: string[] = []
  const forgotten: string[] = []
  async function settle(job: string, call: StepCall): Promise<JsonObject> {
    const result = await work(call, job)
    if (result === 'lost') throw workflowErrors.WORKER_LOST({ tool: call.tool })
    return result
  }
  const spread: RunSpread = {
    isShared: () => true,
    newJob: () => `j${(names += 1)}`,
    call(job, call) {
      jobs.push(job)
      return settle(job, call)
    },
    outcome(job, call) {
      waitedFor.push(job)
      return settle(job, call)
    },
    forget: (job) => void forgotten.push(job),
  }
  return { spread, jobs, waitedFor, forgotten }
}
