import { Cancellation } from '../../base/cancellation.ts'
import type { JsonObject } from '../../base/json.ts'
import type { PlannedStep, ToolAction } from '../plan.ts'
import type { StepTool } from '../ports.ts'
import type { RecoveredCall } from '../recover-run.ts'
import { messageOf } from './message-of.ts'
import { expandArguments } from '../expand-arguments.ts'
import { expandWith } from './expand-with.ts'
import { nextTryMs } from './retry.ts'
import type { RunScope } from './run-scope.ts'
import { settle } from './settle.ts'
import type { CallEnd } from './step-end.ts'
import { limitTime, type TimeLimit } from './time-limit.ts'
import { readToolResult } from './tool-output.ts'

/** A tool to call, with all its tries. */
export interface ToolJob {
  /** Id in journal and events: of the step, or of the loop. */
  readonly step: string
  readonly item?: number
  readonly planned: PlannedStep & { readonly does: ToolAction }
  readonly data: JsonObject
  readonly cancellation: Cancellation
  /** Many others are under way: what it writes can wait for what they write. */
  readonly patient?: boolean
  /** For all tries; undefined: no limit of its own. */
  readonly timeoutMs: number | undefined
  /** What an earlier life of the run did of it. */
  readonly before: RecoveredCall | undefined
}

/** Calls the tool of a step until it works, its tries are used up, or its time is over. Never rejects. */
export async function callTool(scope: RunScope, job: ToolJob): Promise<CallEnd> {
  const { before, planned } = job
  const tool = scope.ports.tool(planned.does.tool)
  let input: JsonObject
  try {
    input = expandArguments(planned.does.arguments, tool?.inputSchema, expandWith(job.data))
  } catch (error) {
    return { status: 'failed', tries: 0, error: `cannot make the arguments: ${messageOf(error)}` }
  }
  const doubt = before && doubtOf(before, planned)
  if (doubt !== undefined)
    return { status: 'unknown', tries: before!.attempts + 1, error: doubt, input }
  const limit = limitTime(job.cancellation, job.timeoutMs)
  try {
    return await tryUntilDone(scope, job, input, limit, tool)
  } finally {
    limit.end()
  }
}

/** Why the call of an earlier life must not be made again; undefined: it may. */
function doubtOf(
  { open, safe }: RecoveredCall,
  { idempotent, does }: ToolJob['planned'],
): string | undefined {
  if (open === undefined || safe || idempotent) return undefined
  return open === 'omitted'
    ? `"${does.tool}" did its work, but its result was too large to be kept over the restart`
    : `the gateway ended while it called "${does.tool}", and it is not known whether the tool did its work`
}

async function tryUntilDone(
  scope: RunScope,
  job: ToolJob,
  input: JsonObject,
  limit: TimeLimit,
  tool: StepTool | undefined,
): Promise<CallEnd> {
  const { ports, run, plan, suspension } = scope
  const { step, item, planned } = job
  const safe = planned.idempotent || tool?.readOnly === true || tool?.idempotent === true
  const place = item === undefined ? { step } : { step, item }
  const startedAt = performance.now()
  for (let attempt = (job.before?.attempts ?? 0) + 1; ; attempt++) {
    if (suspension.cancelled) return { status: 'suspended' }
    const end = await tryOnce(scope, job, input, limit, { attempt, safe })
    if (end.status !== 'failed') return end
    const elapsedMs = performance.now() - startedAt
    const delayMs = limit.cancellation.cancelled
      ? undefined
      : nextTryMs(planned.onError, attempt, elapsedMs, ports.random())
    if (delayMs === undefined) return end
    const { error } = end
    ports.journal.add(
      { kind: 'call-failed', at: ports.now(), ...place, attempt, error },
      job.patient,
    )
    const iteration = item === undefined ? {} : { iteration: item }
    ports.event({
      kind: 'retrying',
      run,
      workflow: plan.name,
      step,
      tool: planned.does.tool,
      ...iteration,
      attempt,
      delayMs,
      error,
    })
    await sleepUnlessSuspended(scope, delayMs, limit.cancellation)
    if (limit.cancellation.cancelled) return interrupted(job, limit, attempt, input, error)
  }
}

async function tryOnce(
  scope: RunScope,
  job: ToolJob,
  input: JsonObject,
  limit: TimeLimit,
  { attempt, safe }: { attempt: number; safe: boolean },
): Promise<CallEnd> {
  const { ports } = scope
  const { step, item, planned } = job
  const place = item === undefined ? { step } : { step, item }
  ports.journal.add({ kind: 'call-started', at: ports.now(), ...place, attempt, safe }, job.patient)
  try {
    // What must not happen twice is written down before it happens.
    if (!safe) await ports.journal.commit()
  } catch (error) {
    return { status: 'failed', tries: attempt - 1, error: messageOf(error), input }
  }
  const { cancellation } = limit
  if (cancellation.cancelled) return interrupted(job, limit, attempt - 1, input)
  const leftMs = limit.leftMs()
  const call = ports.call({
    tool: planned.does.tool,
    arguments: input,
    step,
    ...(item === undefined ? {} : { iteration: item }),
    attempt,
    cancellation,
    ...(leftMs === undefined ? {} : { timeoutMs: leftMs }),
  })
  const settled = await settle(call, cancellation)
  if (settled.kind === 'done') {
    const read = readToolResult(settled.value)
    return 'error' in read
      ? { status: 'failed', tries: attempt, error: read.error, input }
      : { status: 'completed', tries: attempt, ...read }
  }
  if (cancellation.cancelled) return interrupted(job, limit, attempt, input)
  const error = settled.kind === 'failed' ? messageOf(settled.error) : 'no answer'
  return { status: 'failed', tries: attempt, error, input }
}

/** Its own time was over: a failure. Something else ended it: cancelled. */
function interrupted(
  job: ToolJob,
  limit: TimeLimit,
  tries: number,
  input: JsonObject,
  lastError?: string,
): CallEnd {
  if (!limit.expired) {
    return { status: 'cancelled', tries, error: `cancelled: ${limit.cancellation.reason ?? ''}` }
  }
  const after = lastError === undefined ? '' : `; the last try failed: ${lastError}`
  return { status: 'failed', tries, error: `timed out after ${job.timeoutMs} ms${after}`, input }
}

/** A wait between tries ends early when the gateway closes: the next life of the run goes on with it. */
async function sleepUnlessSuspended(
  { ports, suspension }: RunScope,
  ms: number,
  cancellation: Cancellation,
): Promise<void> {
  const wake = new Cancellation()
  const leave = [cancellation, suspension].map((one) => one.onCancel((why) => wake.cancel(why)))
  await ports.sleep(ms, wake)
  for (const stop of leave) stop()
}
