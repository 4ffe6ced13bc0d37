import { isAppError } from '../../base/errors.ts'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { parseJson } from '../../base/parse-json.ts'
import { textOf } from '../../base/text-of.ts'
import type { Cancellation } from '../../base/cancellation.ts'
import type { CallForRun } from '../../gateway/call-for-run.ts'
import type { CallOrigin } from '../../mcp/call.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import { withoutStore } from '../../storage/store-away.ts'
import type { Serving, WorkEnd, WorkQueue } from '../../storage/work-queue.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { workflowErrors } from '../../workflow/errors.ts'
import type { IterationSpread, RunSpread, SpreadRun } from '../../workflow/iteration-spread.ts'
import type { Sealing } from '../../workflow/journal-text.ts'
import type { StepCall } from '../../workflow/ports.ts'

export interface SpreadOptions {
  /** Opens the queue of the fleet; undefined: the store has none. Called once, when it is first needed. */
  readonly openQueue: (() => Promise<WorkQueue>) | undefined
  /** Replicas that are known, besides this one. */
  readonly others: () => number
  /** Makes the call of an iteration here. */
  readonly call: (call: CallForRun, cancellation: Cancellation) => Promise<JsonObject>
  readonly metaOf: (run: string, call: StepCall) => JsonObject | undefined
  readonly sealing: Sealing
  readonly newId: () => string
  readonly log: Logger
}

/** This replica among those that do iterations. */
export interface Spread extends IterationSpread {
  /** From now on this one takes iterations, its own and others'. May be called again. */
  serve(): Promise<void>
  /** Takes no more; resolves when what it has is done. */
  drain(): Promise<void>
  /** Drops what it still does: it counts as lost. */
  close(): Promise<void>
}

/** Iterations that one replica does at once; the budgets of the backends say more. */
const CONCURRENCY = 50
const ALONE = 'A loop has `distribution: fleet`; its iterations run on this replica'

export function createSpread(options: SpreadOptions): Spread {
  const { openQueue, others, sealing, newId, log } = options
  let opening: Promise<WorkQueue> | undefined
  let serving: Promise<Serving> | undefined
  let hasSaid = false

  function queue(): Promise<WorkQueue> {
    if (openQueue === undefined) return Promise.reject(new TypeError('There is no queue'))
    // A start that failed is tried again.
    opening ??= openQueue().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }

  function of(run: SpreadRun): RunSpread {
    async function outcome(job: string, call: StepCall): Promise<JsonObject> {
      const { tool, cancellation } = call
      if (openQueue === undefined) throw workflowErrors.WORKER_LOST({ tool })
      const open = await queue()
      const leave = cancellation.onCancel(() => {
        if (!run.isLeft()) open.cancel(job).catch(report)
      })
      try {
        return resultOf(job, await open.outcome(job, cancellation), call)
      } finally {
        leave()
      }
    }

    function resultOf(job: string, end: WorkEnd, { tool, cancellation }: StepCall): JsonObject {
      if (end.kind === 'lost') throw workflowErrors.WORKER_LOST({ tool })
      if (end.kind === 'left') {
        const reason = cancellation.reason ?? 'the queue closes'
        throw mcpErrors.CALL_CANCELLED({ reason, ran: 'unknown' })
      }
      let opened: string
      try {
        opened = sealing.open(end.result, placeOfResult(job, run.id))
      } catch (error) {
        // It may be that of another job, put here by who can write to the store.
        report(error)
        throw workflowErrors.WORKER_LOST({ tool })
      }
      const { result, error } = parsed(opened)
      if (isJsonObject(result)) return result
      const { reason, ran } = isJsonObject(error) ? error : {}
      throw workflowErrors.CALL_FAILED_ELSEWHERE({
        reason: textOf(reason),
        ran: ran === 'no' ? ran : 'unknown',
      })
    }

    return {
      isShared() {
        const isShared = openQueue !== undefined && others() > 0
        if (!isShared) sayAlone()
        return isShared
      },
      newJob: newId,
      outcome,
      async call(job, call) {
        const { step, iteration, tool, timeoutMs } = call
        const open = await queue()
        const text = JSON.stringify({
          origin: { workflow: run.workflow, run: run.id, step, iteration },
          caller: run.caller,
          tool,
          arguments: call.arguments,
          meta: options.metaOf(run.id, call),
          timeoutMs,
        })
        try {
          await open.add(job, sealing.seal(text, placeOfJob(job)))
        } catch (error) {
          // It may be there nevertheless: whoever waits for it finds out.
          report(error)
        }
        return outcome(job, call)
      },
      forget(job) {
        // Another replica may wait for it.
        if (!run.isLeft()) opening?.then((open) => open.forget(job)).catch(report)
      },
    }
  }

  function sayAlone(): void {
    if (hasSaid) return
    hasSaid = true
    log.info({ reason: openQueue === undefined ? 'no Redis' : 'no other replica' }, ALONE)
  }

  function report(error: unknown): void {
    log.warn({ err: error }, 'The queue of iterations failed')
  }

  async function work(text: string, cancellation: Cancellation, job: string): Promise<string> {
    const { timeoutMs, ...rest } = parsed(sealing.open(text, placeOfJob(job)))
    const call = toCall(rest)
    const seal = (end: JsonObject): string =>
      sealing.seal(JSON.stringify(end), placeOfResult(job, call.origin.run))
    const timer = setTimeout(
      () => cancellation.cancel('its time is over'),
      typeof timeoutMs === 'number' ? timeoutMs : MAX_CALL_MS,
    ).unref()
    try {
      const result = await options.call(call, cancellation)
      return seal({ result })
    } catch (error) {
      return seal({ error: errorOf(error) })
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    of,
    async serve() {
      if (openQueue === undefined) return
      serving ??= queue().then((open) => open.serve({ concurrency: CONCURRENCY, work }))
      await serving
    },
    async drain() {
      await (await serving)?.drain()
    },
    async close() {
      await (await opening?.catch(() => undefined))?.close()
    },
  }
}

function placeOfJob(job: string): string {
  return `job:${job}`
}

/** Of a job that one run handed over. */
function placeOfResult(job: string, run: string): string {
  return `job:${job}:result:${run}`
}

const MAX_CALL_MS = 3_600_000

function parsed(text: string): JsonObject {
  const value = parseJson(text)
  return isJsonObject(value) ? value : {}
}

/** Written by a replica of this gateway. */
function toCall({ origin, caller, tool, arguments: args, meta }: JsonObject): CallForRun {
  return {
    origin: origin as unknown as CallOrigin,
    caller: isJsonObject(caller) ? caller : {},
    tool: textOf(tool),
    arguments: isJsonObject(args) ? args : {},
    meta: isJsonObject(meta) ? meta : undefined,
  }
}

function errorOf(error: unknown): JsonObject {
  if (!isAppError(error)) {
    return { reason: error instanceof Error ? error.message : String(error), ran: 'unknown' }
  }
  const { message, hint } = withoutStore(error)
  const reason = hint === undefined ? message : `${message} (${hint})`
  return { reason, ran: error.details['ran'] === 'no' ? 'no' : 'unknown' }
}
