import { toDurationText } from '../base/duration.ts'
import type { Finding } from '../schema/finding.ts'
import type { ForEachAction, PlannedStep, WorkflowPlan } from './plan.ts'
import { startOrder } from './render-graph.ts'

const MAX_PARALLEL = 50
const DEFAULT_STEP_TIMEOUT_MS = 300_000

/** How long one call of a tool may take, where its step does not say. */
export type CallTimeout = (tool: string) => number

/**
 * Warns of loops that cannot finish in their own time: `ceil(maxIterations / maxParallel)` rounds of the inner step's timeout,
 * against the timeout of the loop and of the run. Says the numbers, and the smallest setting that would fit. Paths begin at
 * the composite tool.
 */
export function budgetWarnings(plan: WorkflowPlan, callTimeoutMs: CallTimeout): Finding[] {
  const loops = plan.steps.flatMap((step, index) => {
    const { does } = step
    return does.kind === 'forEach' ? [{ step, index, does, ...needOf(does, callTimeoutMs) }] : []
  })
  const tight = loops.flatMap((loop) => {
    const path = ['steps', loop.index]
    const own = loop.step.timeoutMs ?? Infinity
    const run = plan.timeoutMs === 0 ? Infinity : plan.timeoutMs
    if (loop.needMs <= Math.min(own, run)) return []
    const isOwn = own <= run
    const where = isOwn ? `its timeout is ${text(own)}` : `the timeout of the run is ${text(run)}`
    const finding: Finding = {
      path: isOwn ? [...path, 'timeout'] : path,
      reason: `${workOf(loop)}, but ${where}`,
      hint: waysOut(loop, isOwn, Math.min(own, run), run),
      severity: 'warning',
    }
    return [finding]
  })
  return tight.length > 0 ? tight : chainWarning(plan, loops)
}

interface Need {
  readonly rounds: number
  readonly eachMs: number
  readonly needMs: number
}

interface Loop extends Need {
  readonly step: PlannedStep
  readonly index: number
  readonly does: ForEachAction
}

function needOf(does: ForEachAction, callTimeoutMs: CallTimeout): Need {
  const rounds = Math.ceil(does.maxIterations / does.maxParallel)
  const { timeoutMs, onError } = does.step
  const tries = 1 + (onError.action === 'retry' ? onError.retryCount : 0)
  const calls = tries * callTimeoutMs(does.step.does.tool)
  const eachMs = timeoutMs ?? Math.min(DEFAULT_STEP_TIMEOUT_MS, calls)
  return { rounds, eachMs, needMs: rounds * eachMs }
}

function workOf({ does, rounds, eachMs, needMs }: Loop): string {
  const { maxIterations, maxParallel } = does
  const count = `${maxIterations} iterations, ${maxParallel} at once, are ${rounds} rounds`
  return `${count} of up to ${text(eachMs)} = ${text(needMs)}`
}

/** Any one of these is enough. */
function waysOut(loop: Loop, isOwn: boolean, budgetMs: number, runMs: number): string {
  const { does, eachMs, needMs } = loop
  const ownMs = loop.step.timeoutMs ?? Infinity
  const own = isOwn || needMs > ownMs ? ' here' : ''
  const run = needMs > runMs ? ' of the composite tool' : ''
  const both = own !== '' && run !== '' ? ' and' : ''
  const ways = [`timeout: ${text(needMs)}${own}${both}${run}`]
  const fitting = Math.floor(budgetMs / eachMs)
  const parallel = fitting === 0 ? Infinity : Math.ceil(does.maxIterations / fitting)
  if (parallel <= MAX_PARALLEL) ways.push(`maxParallel: ${parallel}`)
  if (fitting > 0) ways.push(`maxIterations: ${fitting * does.maxParallel}`)
  const each = Math.floor(budgetMs / loop.rounds / 1000) * 1000
  if (each > 0) ways.push(`timeout: ${text(each)} of the inner step`)
  return `the smallest change that fits is one of ${ways.join(', ')}`
}

/** Loops one after the other that fit one by one, but not together. */
function chainWarning(plan: WorkflowPlan, loops: readonly Loop[]): Finding[] {
  if (plan.timeoutMs === 0 || loops.length < 2) return []
  const needs = new Map(loops.map((loop) => [loop.step.id, loop.needMs]))
  const longest = new Map<string, { ms: number; ids: string[] }>()
  for (const { id, dependsOn } of startOrder(plan.steps)) {
    const before = dependsOn.map((each) => longest.get(each) ?? NOTHING)
    const most = before.toSorted((a, b) => b.ms - a.ms)[0] ?? NOTHING
    const own = needs.get(id)
    longest.set(id, own === undefined ? most : { ms: most.ms + own, ids: [...most.ids, id] })
  }
  const chain = [...longest.values()].toSorted((a, b) => b.ms - a.ms)[0] ?? NOTHING
  if (chain.ms <= plan.timeoutMs) return []
  const last = loops.find(({ step }) => step.id === chain.ids.at(-1))
  return [
    {
      path: ['steps', last?.index ?? 0],
      reason: `the loops ${chain.ids.join(', ')}, one after the other, may take ${text(chain.ms)}, but the timeout of the run is ${text(plan.timeoutMs)}`,
      hint: `timeout: ${text(chain.ms)} of the composite tool`,
      severity: 'warning',
    },
  ]
}

const NOTHING = { ms: 0, ids: [] as string[] }

const text = toDurationText
