import { Cancellation } from '../../base/cancellation.ts'
import { isAppError } from '../../base/errors.ts'
import { isDeeperThan, MAX_JSON_DEPTH } from '../../base/json-depth.ts'
import type { JsonObject } from '../../base/json.ts'
import { isStoreAway } from '../../storage/store-away.ts'
import { workflowErrors } from '../errors.ts'
import type { RunSpread } from '../iteration-spread.ts'
import type { PlannedStep, ToolAction } from '../plan.ts'
import type { StepCall } from '../ports.ts'
import type { RecoveredCall } from '../recover-run.ts'
import { commitBeforeCall } from './commit-before-call.ts'
import { doubtAbout } from './doubt.ts'
import { messageOf } from './message-of.ts'
import type { createExpander } from '../expand-arguments.ts'
import type { Company } from './company.ts'
import { ExpandWith } from './expand-with.ts'
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
  /** Makes the arguments of all calls of the step. */
  readonly makeArguments: ReturnType<typeof createExpander>
  /** Many others are under way, which go on together. */
  readonly company?: Company | undefined
  /** For all tries; undefined: no limit of its own. */
  readonly timeoutMs: number | undefined
  /** What an earlier life of the run did of it. */
  readonly before: RecoveredCall | undefined
  /** The calls may be handed over to the fleet; `jobs` gets their names. */
  readonly fleet?: { readonly spread: RunSpread; readonly jobs: string[] } | undefined
}

/** Whose workers die so often is not handed over again: it may be what kills them. */
const MAX_LOSSES = 3
const WORKER_LOST = workflowErrors.WORKER_LOST({ tool: '' }).code

/** They lie in the parameters of a message. */
const MAX_ARGUMENTS_DEPTH = MAX_JSON_DEPTH - 2
const TOO_DEEP = {
  path: 'arguments',
  reason: `a message with them would be nested more than ${MAX_JSON_DEPTH} levels deep`,
}

/** Calls the tool of a step until it works, its tries are used up, or its time is over. Never rejects. */
export async function callTool(scope: RunScope, job: ToolJob): Promise<CallEnd> {
  const { ports, suspension } = scope
  const { before, planned } = job
  const tool = ports.tool(planned.does.tool)
  let input: JsonObject
  try {
    input = job.makeArguments(tool?.inputSchema, new ExpandWith(job.data))
    if (isDeeperThan(input, MAX_ARGUMENTS_DEPTH)) throw workflowErrors.ARGUMENT_FAILED(TOO_DEEP)
  } catch (error) {
    return { status: 'failed', tries: 0, error: messageOf(error) }
  }
  let earlier = jobOf(job)
  const doubt = earlier === undefined ? doubtAbout(before, planned) : undefined
  if (doubt !== undefined) {
    return { status: 'unknown', tries: before!.attempts + 1, error: doubt, input }
  }
  const safe = planned.idempotent || tool?.readOnly === true || tool?.idempotent === true
  const limit = limitTime(job.cancellation, job.timeoutMs)
  const startedAt = performance.now()
  try {
    for (let attempt = (before?.attempts ?? 0) + 1; ; attempt++) {
      if (suspension.cancelled) return { status: 'suspended' }
      const end = await tryOnce(scope, job, input, limit, { attempt, safe, earlier })
      earlier = undefined
      if (end.status !== 'failed') return end
      const elapsedMs = performance.now() - startedAt
      const delayMs = limit.cancellation.cancelled
        ? undefined
        : nextTryMs(planned.onError, attempt, elapsedMs, ports.random())
      if (delayMs === undefined) return end
      tellRetry(scope, job, attempt, delayMs, end.error)
      await sleepUnlessSuspended(scope, delayMs, limit.cancellation)
      if (limit.cancellation.cancelled) return interrupted(job, limit, attempt, input, end.error)
    }
  } finally {
    limit.end()
  }
}

/** A call of an earlier life that the fleet may still be making. */
function jobOf({ before, fleet }: ToolJob): string | undefined {
  return fleet !== undefined && before?.open === 'calling' ? before.job : undefined
}

function tellRetry(
  { ports, run, plan }: RunScope,
  { step, item, planned }: ToolJob,
  attempt: number,
  delayMs: number,
  error: string,
): void {
  ports.journal.add({ kind: 'call-failed', at: ports.now(), step, item, attempt, error })
  ports.event({
    kind: 'retrying',
    run,
    workflow: plan.name,
    step,
    tool: planned.does.tool,
    iteration: item,
    attempt,
    delayMs,
    error,
  })
}

/** `safe`: doing it twice does no harm. `earlier`: the job of an earlier life that is waited for instead of a new one. */
interface Try {
  readonly attempt: number
  readonly safe: boolean
  readonly earlier: string | undefined
}

async function tryOnce(
  scope: RunScope,
  job: ToolJob,
  input: JsonObject,
  limit: TimeLimit,
  { attempt, safe, earlier }: Try,
): Promise<CallEnd> {
  const { ports, suspension } = scope
  const { step, item, planned, fleet, company } = job
  const { tool } = planned.does
  const { cancellation } = limit
  for (let losses = 0; ; losses++) {
    const isWaitedFor = losses === 0 && earlier !== undefined
    const handed = isWaitedFor ? earlier : nextJob(fleet)
    if (!isWaitedFor) {
      // Written down before it happens: what must not happen twice, and what it builds on, so that it is not done again.
      ports.journal.add({
        kind: 'call-started',
        at: ports.now(),
        step,
        item,
        attempt,
        safe,
        job: handed,
      })
      const written = ports.journal.commit()
      if (written !== undefined) {
        try {
          await written
        } catch (error) {
          if (!safe) {
            const unwritten = await writtenLate(scope, job, input, limit, attempt, error)
            if (unwritten !== undefined) return unwritten
          }
        }
      }
    }
    if (cancellation.cancelled) return interrupted(job, limit, attempt - 1, input)
    const call: StepCall = {
      tool,
      arguments: input,
      step,
      iteration: item,
      attempt,
      cancellation,
      timeoutMs: limit.leftMs(),
    }
    const work = makeCall(scope, job, call, handed, isWaitedFor)
    const settled = await settle(work, cancellation, company)
    if (settled.kind === 'done') {
      const read = readToolResult(settled.value)
      return 'error' in read
        ? { status: 'failed', tries: attempt, error: read.error, input }
        : { status: 'completed', tries: attempt, output: read.output, content: read.content }
    }
    if (cancellation.cancelled) return interrupted(job, limit, attempt, input)
    const error = settled.kind === 'failed' ? messageOf(settled.error) : 'no answer'
    const isLost = settled.kind === 'failed' && isAppError(settled.error, WORKER_LOST)
    if (!isLost) return { status: 'failed', tries: attempt, error, input }
    if (!safe && !(isWaitedFor && job.before?.safe)) {
      return { status: 'unknown', tries: attempt, error: settled.error.message, input }
    }
    if (losses + 1 >= MAX_LOSSES) return { status: 'failed', tries: attempt, error, input }
    if (suspension.cancelled) return { status: 'suspended' }
  }
}

/** The store is away, and the call must not be made before it has its start. Undefined: it has. */
async function writtenLate(
  scope: RunScope,
  job: ToolJob,
  input: JsonObject,
  limit: TimeLimit,
  attempt: number,
  error: unknown,
): Promise<CallEnd | undefined> {
  const { ports } = scope
  const { step, item } = job
  try {
    if (!isStoreAway(error)) throw error
    // The time of the step is for its work.
    if (await limit.hold(commitBeforeCall(scope, job.cancellation))) return undefined
  } catch (failure) {
    return { status: 'failed', tries: attempt - 1, error: messageOf(failure), input }
  }
  if (job.cancellation.cancelled) return interrupted(job, limit, attempt - 1, input)
  // Its start may be written yet, or has been: the next life must not take the call for made.
  const about = { at: ports.now(), step, item, attempt: attempt - 1 }
  ports.journal.add({ kind: 'call-failed', ...about, error: 'it was not made' })
  return { status: 'suspended' }
}

function nextJob(fleet: ToolJob['fleet']): string | undefined {
  return fleet?.spread.isShared() === true ? fleet.spread.newJob() : undefined
}

function makeCall(
  { ports }: RunScope,
  { fleet }: ToolJob,
  call: StepCall,
  handed: string | undefined,
  isWaitedFor: boolean,
): Promise<JsonObject> {
  if (fleet === undefined || handed === undefined) return ports.call(call)
  fleet.jobs.push(handed)
  return isWaitedFor ? fleet.spread.outcome(handed, call) : fleet.spread.call(handed, call)
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
