import { setImmediate as immediate } from 'node:timers/promises'
import { Cancellation } from '../../base/cancellation.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import type { RunSpread } from '../iteration-spread.ts'
import type { ForEachAction, PlannedStep } from '../plan.ts'
import { createExpander } from '../expand-arguments.ts'
import { callTool } from './call-tool.ts'
import { Company } from './company.ts'
import { readCollection } from './collection.ts'
import { checkCondition } from './condition.ts'
import { iterationsInDoubt } from './doubt.ts'
import { loopOutput, type IterationEnd } from './loop-output.ts'
import { iterationData } from './run-data.ts'
import type { RunScope } from './run-scope.ts'
import type { CallEnd, StepEnd } from './step-end.ts'
import { limitTime, type TimeLimit } from './time-limit.ts'

type LoopStep = PlannedStep & { readonly does: ForEachAction }

/** From so many iterations at once on, those whose calls end at about the same time go on together. */
const MANY = 8

/** So long templates of a loop may keep everything else in the process waiting, in milliseconds; one alone may take longer. */
const SLICE_MS = 10

/** One loop at work. */
interface Loop {
  readonly scope: RunScope
  readonly step: LoopStep
  readonly items: readonly Json[]
  readonly ends: (IterationEnd | undefined)[]
  /** Ends all iterations. */
  readonly cancellation: Cancellation
  readonly makeArguments: ReturnType<typeof createExpander>
  /** For so many at once that it pays. */
  readonly company: Company | undefined
  ended: number
  tries: number
  /** The iteration that ended the loop, and what it was called with. */
  culprit:
    | {
        readonly index: number
        readonly unknown: boolean
        readonly tries: number
        readonly error: string
        readonly input?: JsonObject
      }
    | undefined
  suspended: boolean
  /** Its calls may be made by other replicas. */
  readonly spread: RunSpread | undefined
  /** Iterations of which nobody knows whether they were done. */
  readonly unknown: number[]
}

/**
 * A step that does an inner step for every item. So many workers go through the collection, so that nothing is made for an
 * item before its turn has come. Only a time that the step itself says bounds the loop.
 */
export async function runLoop(scope: RunScope, step: LoopStep): Promise<StepEnd> {
  const read = readCollection(step.does, scope.data.root)
  if ('error' in read) {
    const goOn = step.onError.action === 'continue'
    const output = goOn ? { output: step.defaultResults ?? {} } : {}
    return { status: 'failed', tries: 0, error: read.error, goOn, ...output }
  }
  const limit = limitTime(scope.cancellation, step.timeoutMs)
  const loop = beginLoop(scope, step, read.items)
  const leave = limit.cancellation.onCancel((reason) => loop.cancellation.cancel(reason))
  try {
    await goThrough(loop)
    return endOf(loop, limit)
  } finally {
    leave()
    limit.end()
  }
}

/** A loop with what earlier lives of the run did of it. */
function beginLoop(scope: RunScope, step: LoopStep, items: readonly Json[]): Loop {
  const ends = new Array<IterationEnd | undefined>(items.length).fill(undefined)
  const cancellation = new Cancellation()
  const loop: Loop = {
    scope,
    step,
    items,
    ends,
    cancellation,
    makeArguments: createExpander(step.does.step.does.arguments),
    company: Math.min(step.does.maxParallel, items.length) >= MANY ? new Company() : undefined,
    ended: 0,
    tries: 0,
    culprit: undefined,
    suspended: false,
    spread: step.does.distribution === 'fleet' ? scope.spread : undefined,
    unknown: [],
  }
  const { ports, progress, recovered } = scope
  ports.journal.add({ kind: 'loop-started', at: ports.now(), step: step.id, count: items.length })
  for (const [index, { end }] of recovered?.steps.get(step.id)?.items ?? []) {
    if (end !== undefined && index < items.length) take(loop, index, end)
  }
  progress.expect(step.id, items.length, loop.ended)
  return loop
}

async function goThrough(loop: Loop): Promise<void> {
  const { items, ends, cancellation, scope, step } = loop
  const before = scope.recovered?.steps.get(step.id)?.items
  // They end the run, so nothing must begin before.
  for (const index of iterationsInDoubt(scope, step)) await runIteration(loop, index)
  let next = 0
  let sliceStartedAt = performance.now()
  let turn: Promise<void> | undefined
  /** Iterations that are skipped, or fail before their call, wait for nothing by themselves. */
  const isSliceOver = (): boolean => performance.now() - sliceStartedAt > SLICE_MS
  const letOthersWork = (): Promise<void> => {
    turn ??= immediate().then(() => {
      sliceStartedAt = performance.now()
      turn = undefined
    })
    return turn
  }
  const work = async (): Promise<void> => {
    while (true) {
      while (isSliceOver()) await letOthersWork()
      while (next < items.length && ends[next] !== undefined) next += 1
      if (next >= items.length || cancellation.cancelled) return
      if (loop.unknown.length > 0 && before?.has(next) !== true) return
      if (scope.suspension.cancelled) {
        loop.suspended = true
        return
      }
      const index = next
      next += 1
      await runIteration(loop, index)
    }
  }
  const workers = Array.from({ length: Math.min(step.does.maxParallel, items.length) }, work)
  try {
    await Promise.all(workers)
  } catch (error) {
    // A mistake of ours: the others must not go on where nobody waits for them.
    cancellation.cancel('internal error')
    await Promise.allSettled(workers)
    throw error
  }
}

async function runIteration(loop: Loop, index: number): Promise<void> {
  const { scope, step, items } = loop
  const inner = step.does.step
  const data = iterationData(scope.data.root, step.does.itemVar, items[index], index)
  const check = checkCondition(inner.condition, data)
  if ('error' in check) return end(loop, index, { status: 'failed', tries: 0, error: check.error })
  if (!check.runs) {
    return end(loop, index, { status: 'skipped', tries: 0, output: inner.defaultResults ?? {} })
  }
  const fleet = loop.spread && { spread: loop.spread, jobs: [] as string[] }
  const called = await callTool(scope, {
    step: step.id,
    item: index,
    planned: inner,
    data,
    makeArguments: loop.makeArguments,
    cancellation: loop.cancellation,
    company: loop.company,
    // Without one, each call takes as long as its backend may.
    timeoutMs: inner.timeoutMs,
    before: scope.recovered?.steps.get(step.id)?.items.get(index)?.call,
    fleet,
  })
  endIteration(loop, index, called)
  const isOpen = called.status === 'suspended' || called.status === 'unknown'
  if (fleet !== undefined && !isOpen) forget(loop, fleet.jobs)
}

function endIteration(loop: Loop, index: number, called: CallEnd): void {
  const inner = loop.step.does.step
  switch (called.status) {
    case 'suspended':
      loop.suspended = true
      return
    case 'unknown': {
      const { tries, error } = called
      return end(loop, index, { status: 'failed', tries, error, unknown: true }, inputOf(called))
    }
    case 'failed': {
      const { status, tries, error } = called
      const output =
        continues(inner) && inner.defaultResults ? { output: inner.defaultResults } : {}
      return end(loop, index, { status, tries, error, ...output }, inputOf(called))
    }
    case 'completed': {
      const { status, tries, output } = called
      return end(loop, index, { status, tries, output })
    }
    case 'cancelled':
      return end(loop, index, called)
  }
}

/** The fleet need not keep what the journal has. */
function forget({ scope, spread }: Loop, jobs: readonly string[]): void {
  if (jobs.length === 0) return
  const written = scope.ports.journal.commit() ?? Promise.resolve()
  written.then(
    () => {
      for (const job of jobs) spread?.forget(job)
    },
    // What could not be written is looked for there again.
    () => {},
  )
}

/** Writes down how an iteration came out. */
function end(
  loop: Loop,
  index: number,
  ended: IterationEnd,
  input: { input?: JsonObject } = {},
): void {
  const { scope, step, items } = loop
  const { ports, run, plan, progress } = scope
  const { status, tries, output, error, unknown } = ended
  const item = { at: ports.now(), step: step.id, item: index }
  ports.journal.add({ kind: 'item-finished', ...item, status, tries, output, error, unknown })
  take(loop, index, ended, input)
  ports.event({
    kind: 'iteration-finished',
    run,
    workflow: plan.name,
    step: step.id,
    tool: step.does.step.does.tool,
    iteration: index,
    status,
    tries,
    error,
  })
  progress.iteration(step.id, loop.ended, items.length)
}

/** Counts an iteration as ended; one that failed may end the loop. */
function take(
  loop: Loop,
  index: number,
  ended: IterationEnd,
  input: { input?: JsonObject } = {},
): void {
  const { step, ends, cancellation } = loop
  ends[index] = ended
  loop.ended += 1
  loop.tries += ended.tries
  if (ended.unknown) return stop(loop, index, ended, input)
  if (ended.status !== 'failed' || continues(step) || continues(step.does.step)) return
  const { tries, error = '' } = ended
  loop.culprit ??= { index, unknown: false, tries, error, ...input }
  cancellation.cancel(`iteration ${index} failed`)
}

/** The run has to end: somebody has to look. */
function stop(loop: Loop, index: number, ended: IterationEnd, input: { input?: JsonObject }): void {
  const { tries, error = '' } = ended
  if (loop.culprit?.unknown !== true) {
    loop.culprit = { index, unknown: true, tries, error, ...input }
  }
  loop.unknown.push(index)
  // What other replicas do is not interrupted: that would leave more in doubt.
  if (loop.spread === undefined) {
    loop.cancellation.cancel(`the outcome of iteration ${index} is unknown`)
  }
}

function endOf(loop: Loop, limit: TimeLimit): StepEnd {
  const { step, items, ends, culprit, tries, scope } = loop
  const output = loopOutput(step.does, items, ends)
  if (culprit !== undefined) {
    const { index, unknown, error, ...call } = culprit
    const about = { ...call, iteration: index, output }
    if (!unknown) {
      return { status: 'failed', ...about, error: `iteration ${index}: ${error}`, goOn: false }
    }
    const iterations = loop.unknown
    const which =
      iterations.length === 1 ? `iteration ${index}` : `iterations ${iterations.join(', ')}`
    return { status: 'unknown', ...about, iterations, error: `${which}: ${error}` }
  }
  const whole = ends.every((one) => one !== undefined && one.status !== 'cancelled')
  if (whole) return { status: 'completed', tries, output }
  if (limit.expired) {
    const done = ends.filter((one) => one?.status === 'completed').length
    const error = `timed out after ${step.timeoutMs} ms; ${done} of ${items.length} iterations completed`
    return { status: 'failed', tries, error, output, goOn: continues(step) }
  }
  if (loop.suspended && !scope.cancellation.cancelled) return { status: 'suspended' }
  const error = `cancelled: ${scope.cancellation.reason ?? ''}`
  return { status: 'cancelled', tries, error, output }
}

function continues(step: PlannedStep): boolean {
  return step.onError.action === 'continue'
}

function inputOf(call: { readonly input?: JsonObject }): { input?: JsonObject } {
  return call.input === undefined ? {} : { input: call.input }
}
