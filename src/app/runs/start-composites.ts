import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RunQuestions } from '../../api/run-questions.ts'
import { createWorkflowApi } from '../../api/workflows.ts'
import { systemNow } from '../../base/clock.ts'
import { newUuid } from '../../base/ids.ts'
import { inTime } from '../../base/in-time.ts'
import { callForRun } from '../../gateway/call-for-run.ts'
import { createCompositeSource, type CompositeSource } from '../../gateway/composite-source.ts'
import type { Gateway } from '../../gateway/create-gateway.ts'
import type { SourceHost } from '../../gateway/source.ts'
import type { Sealer } from '../../storage/sealing.ts'
import { parseDefinition } from '../../workflow/compile-plan.ts'
import { unsealed, type Sealing } from '../../workflow/journal-text.ts'
import type { RunEvent } from '../../workflow/run-events.ts'
import type { WorkflowPlan } from '../../workflow/plan.ts'
import { openRunTable } from '../../workflow/run-table.ts'
import type { OpsGuard } from '../http/ops-routes.ts'
import { openApiKey } from '../api-key.ts'
import type { CompositesOptions } from './composites-options.ts'
import { createRunAudit } from './audit-runs.ts'
import { createRunMetrics } from './measure-runs.ts'
import { isGoneFromHere, linkOf, replicaOf, runOwner } from './run-owner.ts'
import { createSpread } from './spread-iterations.ts'
import { createRunTracing } from './trace-runs.ts'

/** The composite tools of a gateway, and the runs they start. */
export interface StartedComposites {
  readonly source: CompositeSource
  /** Whether there is such a run, under way or ended. */
  hasRun(id: string): Promise<boolean>
  /** The configuration has changed: other composite tools count from the next call on. */
  reconfigure(): void
  /** Goes on with unfinished runs of processes that are gone, once their tools can be called. */
  recover(gateway: Gateway): Promise<void>
  /** The API for operators: false if the path is not its own. */
  serve(guard: OpsGuard): (request: IncomingMessage, response: ServerResponse) => boolean
  /** Takes no iterations of other replicas' loops any more; resolves when those it has are done. Never rejects. */
  drain(): Promise<void>
  /** Starts nothing more, lets calls under way end within the time, and leaves unfinished runs to the next process. */
  leave(waitMs: number): Promise<void>
}

/** How long to wait for backends before unfinished runs go on: a step whose tool nobody knows yet would fail. */
const TOOLS_WAIT_MS = 30_000
const LOOK_MS = 100
/** More than the queue takes to end its work. */
const SPREAD_CLOSE_MS = 6_000

/** Opens the runs and makes the source that starts them. `prefix`: what all keys of this gateway's runs begin with. */
export async function startComposites(
  options: CompositesOptions,
  host: SourceHost,
  prefix: string,
): Promise<StartedComposites> {
  const { config, means, fleet, log } = options
  const { provider } = means.sessionStore
  const durable = provider !== 'memory'
  if (!durable) {
    log.info(
      { provider },
      'Runs of composite tools end with this process: sessionStorage keeps nothing beyond it',
    )
  }
  const { keepRunsMs, maxRuns, maxRunBytes } = config().workflows
  const owner = runOwner(options.replica ?? newUuid(), fleet?.runPeers.url)
  const tracing =
    means.tracing && means.traced && createRunTracing(means.tracing, means.traced.contextOf)
  const { workQueue } = means.stores
  const sealing = sealingBy(means.sealer)
  const spread = createSpread({
    openQueue: fleet && workQueue && (() => workQueue(queueName(prefix))),
    others: () => fleet?.others() ?? 0,
    call: (call, cancellation) => callForRun(host, call, cancellation),
    metaOf: (run, call) => tracing?.metaOf(run, call),
    sealing,
    newId: newUuid,
    log,
  })
  const runs = await openRunTable({
    keyValue: means.stores.keyValue,
    appendLog: means.stores.appendLog,
    prefix,
    limits: { keepMs: keepRunsMs, maxRuns, maxRunBytes },
    sealing,
    spread,
    durable,
    owner,
    now: systemNow,
    newId: newUuid,
    random: Math.random,
    compile: parseDefinition,
    portsOf: (run) => source.portsOf(run),
    isGone: isGoneFromHere,
    async answers(other) {
      const link = linkOf(other)
      return link !== undefined && (await fleet?.runPeers.answers(link)) === true
    },
    onError: (error) => log.warn({ err: error }, 'Housekeeping of runs failed'),
  })
  const key = await openApiKey(process.env).catch((error: unknown) => {
    log.warn({ err: error }, 'Nobody can see and steer runs: there is no key of the API')
    return undefined
  })
  const recovered = Promise.withResolvers<void>()
  const plans = () => config().composites.map(({ plan }) => plan)
  const source = createCompositeSource(host, {
    plans: plans(),
    runs: () => runs,
    recovered: recovered.promise,
    limits: () => config().operational.limits,
    onStart: (run, call) => tracing?.began(run, call),
    metaOf: (run, call) => tracing?.metaOf(run, call),
    replica: options.replica,
    replicaOf,
    newId: newUuid,
  })
  const listeners: ((event: RunEvent) => void)[] = [
    createRunMetrics(means.metrics),
    createRunAudit({ audit: options.audit, callerOf: (run) => source.callerOf(run) }),
    ...(tracing === undefined ? [] : [tracing.event]),
    (event) => {
      if (event.kind === 'run-finished') source.forget(event.run)
    },
  ]
  for (const listener of listeners) runs.subscribe(listener)
  const closers: (() => void)[] = []

  /** Where a loop is spread, every replica takes part: it has the same file. */
  function serveFleet(): void {
    if (!plans().some(isSpread)) return
    spread.serve().catch((error: unknown) => {
      log.warn({ err: error }, 'This replica takes no iterations of loops of the fleet')
    })
  }

  return {
    source,
    reconfigure() {
      source.setPlans(plans())
      serveFleet()
    },
    async recover(gateway) {
      try {
        await toolsKnown(gateway)
        serveFleet()
        const count = await runs.recover()
        if (count > 0) log.info({ runs: count }, 'Unfinished runs go on')
      } catch (error) {
        log.error({ err: error }, 'Cannot go on with unfinished runs')
      } finally {
        recovered.resolve()
      }
    },
    hasRun: async (id) => runs.live(id) !== undefined || (await runs.get(id)) !== undefined,
    serve(guard) {
      const questions: RunQuestions = {
        of: (run) => source.questionsOf(run),
        answer: (run, question, answer) => source.answer(run, question, answer),
      }
      const api = createWorkflowApi({ runs, questions, plans, guard, key, now: systemNow, log })
      closers.push(() => api.close())
      return (request, response) => api.handle(request, response)
    },
    async drain() {
      await spread.drain().catch((error: unknown) => {
        log.warn({ err: error }, 'Cannot end the iterations of other replicas in order')
      })
    },
    async leave(waitMs) {
      source.leave()
      for (const close of closers) close()
      await runs.close(waitMs)
      // Its connections wait for a Redis that is away as long as it is.
      await inTime(spread.close(), SPREAD_CLOSE_MS)
    },
  }
}

/** What a run was given and what it found are not for everybody who can read the store. */
function sealingBy(sealer: Sealer | undefined): Sealing {
  if (sealer === undefined) return unsealed
  return {
    seal: (text, place) => sealer.seal(text, place),
    open(text, place) {
      const opened = sealer.open(text, place)
      if (opened === undefined) {
        throw new Error(
          'What stands there of a run was sealed by another key, or for another place',
        )
      }
      return opened.text
    },
  }
}

/** Gateways of several configurations may share a store: each has a queue of its own. */
function queueName(prefix: string): string {
  return `loops-${createHash('sha256').update(prefix).digest('hex').slice(0, 16)}`
}

function isSpread({ steps }: WorkflowPlan): boolean {
  return steps.some(({ does }) => does.kind === 'forEach' && does.distribution === 'fleet')
}

/** Until every backend has said what it offers, or the time is over. */
async function toolsKnown(gateway: Gateway): Promise<void> {
  const untilMs = performance.now() + TOOLS_WAIT_MS
  const areKnown = (): boolean =>
    [...gateway.backends.values()].every(({ offer }) => offer.known.tools)
  while (!areKnown() && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref())
  }
}
