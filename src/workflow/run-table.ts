import { Cancellation } from '../base/cancellation.ts'
import type { NewId } from '../base/ids.ts'
import { inTime } from '../base/in-time.ts'
import { resumeRun, takeOverRun, type ContinueOptions } from './continue-run.ts'
import { workflowErrors } from './errors.ts'
import type { IterationSpread } from './iteration-spread.ts'
import { createLiveRuns, type LiveRunsOptions } from './live-runs.ts'
import type { OpenJournal } from './open-journal.ts'
import { openPresence, type PresenceOptions } from './presence.ts'
import { rebuildOutcome } from './rebuild-outcome.ts'
import { recoverRun } from './recover-run.ts'
import { detailsOf } from './run-details.ts'
import type { RunEvent } from './run-events.ts'
import { openRunStore, type RunStoreOptions } from './run-store.ts'
import { deadlineOf } from './run-workflow.ts'
import type { RunSummary, RunTable } from './runs.ts'
import { createWaitingMarks } from './waiting-marks.ts'

export interface RunTableOptions
  extends
    RunStoreOptions,
    Pick<ContinueOptions, 'owner' | 'compile' | 'portsOf'>,
    Pick<PresenceOptions, 'isGone' | 'answers'>,
    Pick<LiveRunsOptions, 'unwrittenMs'> {
  /** Whether the store outlives this process: then unfinished runs are left to the next start. */
  readonly durable: boolean
  readonly newId: NewId
  /** For loops with `distribution: fleet`; absent: there is no fleet. */
  readonly spread?: IterationSpread | undefined
  /** Numbers in [0, 1). */
  readonly random: () => number
}

/** How long a wish to cancel a run waits for the process that has it. */
const CANCEL_TTL_MS = 3_600_000

/**
 * Opens the table of runs; `owner` names this process, and no other one ever. Nothing is taken over before `recover` is called,
 * which is for when tools can be called; after that it happens by itself whenever a process goes.
 */
export async function openRunTable(options: RunTableOptions): Promise<RunTable> {
  const { keyValue, prefix, owner, now, random, newId, compile, durable, limits, onError } = options
  const cancelPrefix = `${prefix}cancel:`
  const store = await openRunStore(options)
  const listeners = new Set<(event: RunEvent) => void>()
  let recovery: 'not-yet' | 'idle' | 'under-way' = 'not-yet'
  let closed = false
  /** Runs on their way between the index and life. */
  const moving = new Set<string>()
  /** Runs of ours that could not begin, though something of them may stand in the store. */
  const stillborn = new Set<string>()
  const { spread, unwrittenMs } = options
  const live = createLiveRuns({
    now,
    random,
    spread,
    onEvent: tell,
    onEnd: store.end,
    onError,
    unwrittenMs,
  })
  const marks = createWaitingMarks({
    store: keyValue,
    prefix,
    keepMs: limits.keepMs,
    isWaiting: (id) => live.summary(id)?.status === 'waiting',
    onError,
  })
  const continuing: ContinueOptions = { ...options, store, live }
  const { isGone, answers } = options
  const presence = await openPresence({
    store: keyValue,
    prefix,
    owner,
    onBeat,
    onError,
    isGone,
    answers,
  })

  return {
    async start({ plan, args, caller, id = newId(), ports: portsOf = options.portsOf }) {
      if (live.size >= limits.maxRuns) throw workflowErrors.TOO_MANY_RUNS({ limit: limits.maxRuns })
      const at = now()
      const { name: workflow, digest, definition } = plan
      const deadline = deadlineOf(plan, at)
      const limit = deadline === undefined ? {} : { deadline }
      const lost = new Cancellation()
      const summary: RunSummary = { id, workflow, status: 'running', startedAt: at, owner }
      const started = {
        kind: 'run-started',
        at,
        workflow,
        digest,
        definition,
        args,
        caller,
        owner,
      } as const
      return moved(id, async () => {
        const onLost = (): void => lost.cancel('taken over')
        const journal = await beginOrForget(summary, { ...started, ...limit }, onLost)
        // What began while we closed goes on at the next start.
        if (closed) throw workflowErrors.RUN_SUSPENDED({ run: id })
        return live.launch({ summary, plan, args, caller, portsOf, journal, lost, deadline })
      })
    },

    live: live.get,

    async outcome(id) {
      const recovered = recoverRun((await store.read(id)).entries)
      return recovered && rebuildOutcome(compile(recovered.started.definition), id, recovered)
    },

    async list() {
      const all: RunSummary[] = []
      const waiting = await marks.all()
      for await (const { summary } of store.index.open()) {
        const { id } = summary
        const stored: RunSummary = waiting.has(id) ? { ...summary, status: 'waiting' } : summary
        all.push(live.summary(id) ?? stored)
      }
      const open = new Set(all.map(({ id }) => id))
      // On its way from one to the other a run stands in both.
      for await (const { summary } of store.index.ended()) {
        if (!open.has(summary.id)) all.push(summary)
      }
      return all.sort((one, other) => other.startedAt - one.startedAt)
    },

    async get(id) {
      const found = await store.index.find(id)
      if (found === undefined) return undefined
      const stored = await store.read(id)
      const recovered = recoverRun(stored.entries)
      if (recovered === undefined) return undefined
      const plan = live.get(id)?.plan ?? compile(recovered.started.definition)
      return detailsOf(plan, live.summary(id) ?? found.summary, stored, recovered)
    },

    async cancel(id, reason) {
      const run = live.get(id)
      if (run !== undefined) {
        run.cancel(reason)
        return true
      }
      if ((await store.index.find(id))?.open !== true) return false
      await keyValue.set(cancelPrefix + id, reason, { ttlMs: CANCEL_TTL_MS })
      return true
    },

    resume: (id) => moved(id, () => resumeRun(continuing, id)),
    recover,

    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    idle: live.idle,

    async close(waitMs = 0) {
      closed = true
      if (durable) live.suspendAll()
      else for (const id of live.ids()) live.get(id)?.cancel('the gateway closes')
      await inTime(live.idle(), waitMs)
      await live.dropAll()
      await presence.close()
    },
  }

  async function recover(): Promise<number> {
    if (recovery === 'under-way' || closed) return 0
    recovery = 'under-way'
    try {
      let count = 0
      // Many runs have one owner, and one that is gone may take its time not to answer.
      const asked = new Map<string, Promise<boolean>>()
      const isThere = (other: string): Promise<boolean> => {
        const answer = asked.get(other) ?? presence.isThere(other)
        asked.set(other, answer)
        return answer
      }
      for await (const entry of store.index.open()) {
        const { id, owner: other } = entry.summary
        if (live.get(id) !== undefined || moving.has(id)) continue
        if (stillborn.has(id)) {
          await store.forget(id)
          stillborn.delete(id)
          continue
        }
        // One of our own that is not under way: it could not be written to the end, or not be taken over.
        if (other !== owner && (await isThere(other))) continue
        if (await moved(id, () => takeOverRun(continuing, entry))) count += 1
      }
      return count
    } finally {
      recovery = 'idle'
    }
  }

  /** Its caller hears that it did not begin: it must not begin later either, though the store could not forget it yet. */
  async function beginOrForget(...begun: Parameters<typeof store.begin>): Promise<OpenJournal> {
    const [{ id }] = begun
    try {
      return await store.begin(...begun)
    } catch (error) {
      stillborn.add(id)
      throw error
    }
  }

  async function moved<Result>(id: string, move: () => Promise<Result>): Promise<Result> {
    moving.add(id)
    try {
      return await move()
    } finally {
      moving.delete(id)
    }
  }

  function onBeat(): void {
    heedWishes().catch(onError)
    if (recovery === 'idle') recover().catch(onError)
  }

  /** Other processes may wish to cancel what runs here. */
  async function heedWishes(): Promise<void> {
    for await (const { key, value } of keyValue.scan(cancelPrefix)) {
      const run = live.get(key.slice(cancelPrefix.length))
      if (run === undefined) continue
      run.cancel(value)
      await keyValue.delete(key)
    }
  }

  function tell(event: RunEvent): void {
    marks.hear(event)
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        onError(error)
      }
    }
  }
}
