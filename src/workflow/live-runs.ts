import { Cancellation } from '../base/cancellation.ts'
import type { Now } from '../base/clock.ts'
import { isAppError } from '../base/errors.ts'
import { inTime } from '../base/in-time.ts'
import type { JsonObject } from '../base/json.ts'
import { isStoreAway } from '../storage/store-away.ts'
import { workflowErrors } from './errors.ts'
import type { IterationSpread } from './iteration-spread.ts'
import type { OpenJournal } from './open-journal.ts'
import type { RunOutcome } from './outcome.ts'
import type { WorkflowPlan } from './plan.ts'
import type { WorkflowPorts } from './ports.ts'
import type { RecoveredRun } from './recover-run.ts'
import type { RunEvent } from './run-events.ts'
import { runWorkflow } from './run-workflow.ts'
import type { LiveRun, PortsOf, RunSummary } from './runs.ts'

/** A run to bring to its end in this process. */
export interface Launch {
  readonly summary: RunSummary
  readonly plan: WorkflowPlan
  readonly args: JsonObject
  readonly caller: JsonObject
  readonly portsOf: PortsOf
  readonly journal: OpenJournal
  /** Cancelled when another process takes the run. */
  readonly lost: Cancellation
  readonly deadline: number | undefined
  readonly recovered?: RecoveredRun
}

/** The runs under way in this process. */
export interface LiveRuns {
  readonly size: number
  launch(launch: Launch): LiveRun
  get(id: string): LiveRun | undefined
  ids(): string[]
  /** How it stands: it may wait for an answer. */
  summary(id: string): RunSummary | undefined
  idle(): Promise<void>
  /** Ends all work: what runs may end, until `cancelAll`. */
  suspendAll(): void
  /** Drops what still runs, without writing anything more. */
  dropAll(): Promise<void>
}

export interface LiveRunsOptions {
  readonly now: Now
  readonly random: () => number
  /** For loops with `distribution: fleet`; absent: there is no fleet. */
  readonly spread?: IterationSpread | undefined
  readonly onEvent: (event: RunEvent) => void
  /** Called once a run has ended, before its outcome is told. */
  readonly onEnd: (summary: RunSummary) => Promise<void>
  readonly onError: (error: unknown) => void
  /** How long the caller of a run that has ended waits for its end to be written; default: 20 s. */
  readonly unwrittenMs?: number | undefined
}

interface Entry {
  readonly run: LiveRun
  readonly journal: OpenJournal
  readonly suspension: Cancellation
  readonly cancellation: Cancellation
  readonly summary: RunSummary
  /** Left to the next start, in the middle of it. */
  readonly drop: Cancellation
  /** Open questions. */
  questions: number
  /** It has ended; its end may not be written yet. */
  ended: RunSummary | undefined
  /** Resolves when nothing is left to do for it here. */
  done: Promise<void>
}

/** How long the caller of a run that has ended waits for its end to be written, in milliseconds. */
const UNWRITTEN_MS = 20_000

/** Makes the table of live runs. */
export function createLiveRuns(options: LiveRunsOptions): LiveRuns {
  const { now, random, spread, onEvent, onEnd, onError, unwrittenMs = UNWRITTEN_MS } = options
  const entries = new Map<string, Entry>()

  function launch(given: Launch): LiveRun {
    const { summary, plan, args, caller, portsOf, journal, lost, deadline, recovered } = given
    const { id } = summary
    const cancellation = new Cancellation()
    const suspension = new Cancellation()
    const drop = new Cancellation()
    /** The end of it, where the store was away: true once it is written. */
    let writing: Promise<boolean> | undefined
    lost.onCancel((reason) => drop.cancel(reason))
    lost.onCancel((reason) => {
      suspension.cancel(reason)
      cancellation.cancel(reason)
    })
    const ports: WorkflowPorts = {
      ...portsOf({ id, plan, caller }),
      journal,
      now,
      random,
      sleep,
      bug: onError,
      event(event) {
        const entry = entries.get(id)
        if (entry && event.kind === 'question-asked') entry.questions += 1
        if (entry && event.kind === 'question-answered') entry.questions -= 1
        onEvent(event)
      },
    }
    const outcome = Promise.resolve()
      .then(() => {
        const rest = recovered === undefined ? {} : { recovered }
        return runWorkflow({
          plan,
          run: id,
          args,
          ports,
          cancellation,
          suspension,
          deadline,
          spread: spread?.of({ id, workflow: plan.name, caller, isLeft }),
          ...rest,
        })
      })
      .then(finish)
      .catch(async (error: unknown) => {
        if (lost.cancelled) throw taken()
        if (isAppError(error, UNKNOWN)) throw error
        if (!isAppError(error, SUSPENDED)) await giveUp(error)
        // Whoever goes on with it reads what was written.
        await journal.close()
        throw error
      })
      .finally(() => {
        if (writing === undefined) leave()
      })
    const run: LiveRun = {
      id,
      plan,
      caller,
      outcome,
      cancel: (reason) => cancellation.cancel(reason),
    }
    const entry: Entry = {
      run,
      journal,
      suspension,
      cancellation,
      summary,
      drop,
      questions: 0,
      ended: undefined,
      done: Promise.resolve(),
    }
    entry.done = outcome
      // Nobody may be attached.
      .then(noop, noop)
      .then(() => writing)
      .then(leave)
    entries.set(id, entry)
    return run

    function leave(): void {
      // It may have been resumed already.
      if (entries.get(id) === entry) entries.delete(id)
    }

    /** This process does not bring it to its end. */
    function isLeft(): boolean {
      return drop.cancelled
    }

    async function finish(ended: RunOutcome): Promise<RunOutcome> {
      if (isLeft()) throw workflowErrors.RUN_SUSPENDED({ run: id })
      entry.ended = endedAs(ended)
      if (await isWritten()) {
        await tellEnd(entry.ended)
        return ended
      }
      // Until then it stays in this table: whoever looks for runs to go on with must not find it.
      writing = writeWhenBack(entry.ended)
      const isInTime = (await inTime(writing, unwrittenMs)) && (await writing)
      if (isLeft()) throw workflowErrors.RUN_SUSPENDED({ run: id })
      // A result can be used whatever becomes of this process; but who hears of a failure does it all again.
      if (isInTime || ended.status === 'completed') return ended
      throw workflowErrors.RUN_OUTCOME_UNKNOWN({
        run: id,
        reason:
          'it has ended here, but the store is away, and so it may go on if this gateway ends',
        ran: 'unknown',
      })
    }

    function endedAs(ended: RunOutcome): RunSummary {
      const failure = ended.status === 'completed' ? undefined : ended.failure
      return {
        ...summary,
        status: ended.status,
        // As the journal has it, so that all who tell of the run say the same.
        endedAt: journal.endedAt ?? now(),
        journalBytes: journal.size,
        ...(failure?.step === undefined ? {} : { failedStep: failure.step }),
        ...(failure === undefined ? {} : { error: failure.message }),
      }
    }

    async function tellEnd(ended: RunSummary): Promise<void> {
      try {
        await onEnd(ended)
      } catch (error) {
        // The journal says that it ended; the index is put right at the next look.
        onError(error)
      }
    }

    /** Whether the journal has all; false: the store is away. What cannot be written at all is reported, and is no use to wait for. */
    async function isWritten(): Promise<boolean> {
      try {
        await journal.commit()
        return true
      } catch (error) {
        if (lost.cancelled) throw error
        return !isStoreAway(error)
      }
    }

    /** True once the end of the run is written; false: that is left to others. */
    async function writeWhenBack(ended: RunSummary): Promise<boolean> {
      for (let pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, 1000)) {
        await sleep(pauseMs, drop)
        if (isLeft()) return false
        try {
          if (await isWritten()) break
        } catch {
          return false
        }
      }
      await tellEnd(ended)
      return true
    }

    /** A mistake of ours: nobody should run into it again and again. */
    async function giveUp(error: unknown): Promise<void> {
      onError(error)
      const reason = error instanceof Error ? error.message : String(error)
      await onEnd({ ...summary, status: 'failed', endedAt: now(), error: reason }).catch(onError)
    }

    function taken(): Error {
      return workflowErrors.RUN_TAKEN_OVER({ run: id })
    }
  }

  return {
    get size() {
      return entries.size
    },
    launch,
    get: (id) => entries.get(id)?.run,
    ids: () => [...entries.keys()],
    summary(id) {
      const entry = entries.get(id)
      if (entry?.ended !== undefined) return entry.ended
      return entry && { ...entry.summary, status: entry.questions > 0 ? 'waiting' : 'running' }
    },
    async idle() {
      while (entries.size > 0) {
        await Promise.all(Array.from(entries.values(), ({ done }) => done))
      }
    },
    suspendAll() {
      for (const { suspension } of entries.values()) suspension.cancel('the gateway closes')
    },
    async dropAll() {
      const all = [...entries.values()]
      for (const entry of all) {
        entry.drop.cancel('the gateway closes')
        void entry.journal.close()
        entry.cancellation.cancel('the gateway closes')
      }
      await Promise.all(all.map(({ done }) => done))
    },
  }
}

function noop(): void {}

const UNKNOWN = 'WORKFLOW_RUN_OUTCOME_UNKNOWN'
const SUSPENDED = workflowErrors.RUN_SUSPENDED({ run: '' }).code

/** Waits, or is woken by the cancellation. */
function sleep(ms: number, cancellation: Cancellation): Promise<void> {
  return new Promise((resolve) => {
    if (cancellation.cancelled) return resolve()
    const timer = setTimeout(done, ms).unref()
    const leave = cancellation.onCancel(done)
    function done(): void {
      clearTimeout(timer)
      leave()
      resolve()
    }
  })
}
