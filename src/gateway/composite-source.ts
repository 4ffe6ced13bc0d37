import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '../base/errors.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { textOf } from '../base/text-of.ts'
import type { Call } from '../mcp/call.ts'
import type { SessionLookup } from '../mcp/client-session.ts'
import { mcpErrors } from '../mcp/errors.ts'
import { checkQuestion } from '../mcp/question-rules.ts'
import { errorReply, resultReply, type Reply } from '../mcp/reply.ts'
import { INVALID_PARAMS } from '../mcp/rpc-codes.ts'
import { LATEST_LEGACY } from '../mcp/versions.ts'
import { createArgumentsCheck, type CheckedArguments } from '../workflow/check-arguments.ts'
import { workflowErrors } from '../workflow/errors.ts'
import type { WorkflowPlan } from '../workflow/plan.ts'
import type { CallerPorts, StepCall } from '../workflow/ports.ts'
import type { LiveRun, PortsOf, RunDetails, RunTable } from '../workflow/runs.ts'
import { toToolResult } from '../workflow/tool-result.ts'
import { askSession } from './composites/ask-session.ts'
import { attachCall } from './composites/attach-call.ts'
import { compositeOffer } from './composites/composite-offer.ts'
import { followRun, unknownOutcome } from './composites/follow-run.ts'
import type { OpenQuestion } from './composites/operator-answers.ts'
import { ParkedRuns } from './composites/parked-runs.ts'
import {
  callerOf,
  fromCallerRecord,
  toCallerRecord,
  type StoredCaller,
} from './composites/run-caller.ts'
import { RunDesk } from './composites/run-desk.ts'
import { gatewayErrors } from './errors.ts'
import type { InnerCaller } from './inner-call.ts'
import type { Source, SourceHost } from './source.ts'

export interface CompositeSourceOptions {
  readonly plans: readonly WorkflowPlan[]
  /** Asked at the first call: the table needs `portsOf` of this source. */
  readonly runs: () => RunTable
  /** Resolves when the unfinished runs of an earlier process have been taken over. */
  readonly recovered: Promise<unknown>
  /** Asked each time, as a reload may change them. */
  readonly limits: () => {
    readonly maxParkedCalls: number
    readonly maxParkedPerClient: number
    readonly questionTimeoutMs: number
  }
  /** A call of a client starts a run: for its trace. */
  readonly onStart: (run: string, call: Call) => void
  /** `_meta` of an inner call: the trace it belongs to. */
  readonly metaOf: (run: string, step: StepCall) => JsonObject | undefined
  /** Our name among the replicas; undefined: there are no others. */
  readonly replica: string | undefined
  /** The replica that the owner of a run is. */
  readonly replicaOf: (owner: string) => string | undefined
  readonly newId: () => string
}

/** The composite tools as a source: their calls start runs, or attach to them. */
export interface CompositeSource extends Source {
  /** Takes other composite tools from the next call on; runs under way go on with their own definitions. */
  setPlans(plans: readonly WorkflowPlan[]): void
  /** For runs that a table takes over after a restart. */
  readonly portsOf: PortsOf
  /** Who a run of this process acts for. */
  callerOf(run: string): InnerCaller | undefined
  /** The questions of steps of a run of this process that wait for their answers. */
  questionsOf(run: string): readonly OpenQuestion[]
  /** Answers one in place of the client. False: it is open no more. */
  answer(run: string, key: string, answer: JsonObject): boolean
  /** A run has ended, or this process has it no more. */
  forget(run: string): void
  /** From now on a client that is cut off has not cancelled its run: this process leaves its runs to the next. */
  leave(): void
}

/** How long a retry waits for a run that another process has, and how often it looks, in milliseconds. */
const ELSEWHERE_MS = 20_000
/** The same for a call that was only sent again, and has not been where the run is. */
const SENT_AGAIN_MS = 3_000
const LOOK_MS = 250

interface Composite {
  readonly plan: WorkflowPlan
  readonly check: (args: JsonObject) => CheckedArguments
}

export function createCompositeSource(
  host: SourceHost,
  options: CompositeSourceOptions,
): CompositeSource {
  const desks = new Map<string, RunDesk>()
  const parked = new ParkedRuns(() => ({
    total: options.limits().maxParkedCalls,
    perClient: options.limits().maxParkedPerClient,
  }))
  let composites = compositesOf(options.plans)
  let isClosing = false

  function openDesk(
    run: string,
    plan: WorkflowPlan,
    caller: InnerCaller,
    restored?: () => Promise<SessionLookup>,
  ): RunDesk {
    const desk = new RunDesk({
      run,
      workflow: plan.name,
      caller,
      host,
      parked,
      questionTimeoutMs: () => options.limits().questionTimeoutMs,
      ...(restored === undefined ? undefined : { session: restored }),
      askSession: (request, until) =>
        askSession(
          restored ?? (async () => caller.session ?? 'unknown'),
          host.channelFor,
          request,
          until,
        ),
      metaOf: (step) => options.metaOf(run, step),
      newId: options.newId,
    })
    desks.set(run, desk)
    return desk
  }

  async function start(call: Call, { plan, check }: Composite): Promise<Reply> {
    const given = call.params['arguments'] ?? {}
    if (!isJsonObject(given))
      return errorReply(INVALID_PARAMS, 'params.arguments must be an object')
    const checked = check(given)
    if (!checked.ok) return errorReply(INVALID_PARAMS, mistakesOf(plan, checked))
    refuseIfMute(call, plan, options.newId)
    const caller = callerOf(call)
    let opened: string | undefined
    try {
      const run = await options.runs().start({
        plan,
        args: checked.args,
        caller: toCallerRecord(caller),
        id: call.run?.id,
        ports({ id }) {
          opened = id
          call.run = { id, begun: true }
          options.onStart(id, call)
          return openDesk(id, plan, caller)
        },
      })
      return await attachTo(call, plan.name, run)
    } catch (error) {
      if (opened !== undefined && options.runs().live(opened) === undefined) desks.delete(opened)
      throw error
    }
  }

  /** A client that comes back: with answers, or after this or another process has ended. */
  async function resume(call: Call, tool: string, run: string | undefined): Promise<Reply> {
    if (run === undefined) {
      return errorReply(INVALID_PARAMS, 'Answers came without the requestState they belong to')
    }
    await options.recovered
    const live = options.runs().live(run)
    if (live === undefined) desks.delete(run)
    return live === undefined ? waitForElsewhere(call, tool, run) : attachTo(call, tool, live)
  }

  async function attachTo(call: Call, tool: string, run: LiveRun): Promise<Reply> {
    const { id } = run
    try {
      return await answerBy(call, run)
    } catch (error) {
      if (isAppError(error, SUSPENDED)) {
        throw unknownOutcome(call, id, 'the gateway closes, and the run goes on without it')
      }
      if (isAppError(error, UNKNOWN)) {
        throw unknownOutcome(call, id, textOf(error.details['reason']))
      }
      if (!isAppError(error, TAKEN_OVER)) throw error
      return followRun({
        call,
        run: id,
        wait: () => waitForElsewhere(call, tool, id),
        cancelRun: (reason) => options.runs().cancel(id, reason),
        isClosing: () => isClosing,
      })
    }
  }

  async function answerBy(call: Call, run: LiveRun): Promise<Reply> {
    const desk = desks.get(run.id)
    // It has just ended.
    if (desk === undefined) return resultReply(toToolResult(run.plan, run.id, await run.outcome))
    if (desk.caller.principal.binding !== call.principal.binding) {
      throw gatewayErrors.RUN_GONE({ run: run.id })
    }
    const { replica } = options
    return attachCall({ run, desk, call, replica, isClosing: () => isClosing })
  }

  async function replyOfEnded(tool: string, run: string): Promise<Reply | undefined> {
    const outcome = await options.runs().outcome(run)
    return outcome && resultReply(toToolResult({ name: tool }, run, outcome))
  }

  /** It could not be gone on with: its journal has no end. */
  function replyOfGivenUp(tool: string, { id, error, steps }: RunDetails): Reply {
    const completed = steps.filter(({ status }) => status === 'completed').map(({ step }) => step)
    const failure = { message: error ?? 'cannot be continued' }
    const outcome = { status: 'failed', failure, completed, steps: {} } as const
    return resultReply(toToolResult({ name: tool }, id, outcome))
  }

  /**
   * A run that another process has: one that died, whose runs we or others take over soon, or a replica that the retry was not
   * handed to. Waits for its end, or its coming here. Where another replica has taken it over, a modern client is sent there.
   */
  async function waitForElsewhere(call: Call, tool: string, id: string): Promise<Reply> {
    const { client, cancellation, retry } = call
    const untilMs = performance.now() + (retry === undefined ? SENT_AGAIN_MS : ELSEWHERE_MS)
    for (;;) {
      const run = options.runs().live(id)
      if (run !== undefined) return attachTo(call, tool, run)
      const ended = await replyOfEnded(tool, id)
      if (ended !== undefined) return ended
      const found = await options.runs().get(id)
      if (found === undefined) throw gatewayErrors.RUN_GONE({ run: id })
      // Its journal has the end by now, if it came after the first look.
      if (found.endedAt !== undefined) {
        return (await replyOfEnded(tool, id)) ?? replyOfGivenUp(tool, found)
      }
      const holder = options.replicaOf(found.owner)
      const hasMoved =
        options.replica !== undefined && retry !== undefined && holder !== retry.holder
      const isOver = hasMoved || performance.now() > untilMs
      // A legacy client has no way to come back.
      if (cancellation.cancelled || (isOver && client.era === 'modern')) {
        return { kind: 'input', state: id, holder }
      }
      if ((await options.runs().recover()) === 0) await sleep(LOOK_MS, undefined, { ref: false })
    }
  }

  return {
    name: '(composite tools)',
    offer: (catalogue) =>
      compositeOffer(
        Array.from(composites.values(), ({ plan }) => plan),
        catalogue,
      ),
    async call(call, tool) {
      if (call.retry !== undefined) return resume(call, tool, call.retry.state)
      if (call.run?.begun === true) return resume(call, tool, call.run.id)
      const composite = composites.get(tool)
      if (composite === undefined) return errorReply(INVALID_PARAMS, `Unknown tool: ${tool}`)
      return start(call, composite)
    },
    // One of an earlier process may not have been taken over yet: `resume` waits for that.
    holds: async (state) => desks.has(state) || (await options.runs().get(state)) !== undefined,
    setPlans(plans) {
      composites = compositesOf(plans)
    },
    portsOf({ id, plan, caller }): CallerPorts {
      const { principal, client, session } = fromCallerRecord(caller) ?? NOBODY
      const find = async (): Promise<SessionLookup> =>
        session === undefined ? 'unknown' : host.findSession(session, principal)
      return openDesk(id, plan, { principal, client }, find)
    },
    callerOf: (run) => desks.get(run)?.caller,
    questionsOf: (run) => desks.get(run)?.operator.all() ?? [],
    answer: (run, key, answer) => desks.get(run)?.operator.answer(key, answer) === true,
    forget: (run) => void desks.delete(run),
    leave() {
      isClosing = true
    },
  }
}

const TAKEN_OVER = workflowErrors.RUN_TAKEN_OVER({ run: '' }).code
const UNKNOWN = 'WORKFLOW_RUN_OUTCOME_UNKNOWN'
const SUSPENDED = workflowErrors.RUN_SUSPENDED({ run: '' }).code

/** What another version wrote into the journal and this one cannot read: nobody can be asked. */
const NOBODY: StoredCaller = {
  principal: { kind: 'anonymous', binding: 'unknown' },
  client: { era: 'legacy', version: LATEST_LEGACY, capabilities: {} },
}

function compositesOf(plans: readonly WorkflowPlan[]): Map<string, Composite> {
  return new Map(
    plans.map((plan) => [plan.name, { plan, check: createArgumentsCheck(plan.parameters) }]),
  )
}

function mistakesOf({ name }: WorkflowPlan, { mistakes }: Rejected): string {
  const all = mistakes.map(({ path, reason }) => (path === '' ? reason : `${path} ${reason}`))
  return `Invalid arguments for "${name}": ${all.join('; ')}`
}

type Rejected = Extract<CheckedArguments, { ok: false }>

/** Better now than after half of the steps: a step asks for sure. Throws MCP_CLIENT_CANNOT_ANSWER. */
function refuseIfMute({ client }: Call, plan: WorkflowPlan, newId: () => string): void {
  const step = stepThatAsks(plan)
  if (step === undefined) return
  const method = 'elicitation/create'
  const askable = checkQuestion({ method, params: { mode: 'form' } }, client, newId)
  if (askable.kind !== 'refused') return
  const reason = `${askable.reason}, and step "${step}" of "${plan.name}" has to ask it`
  const requiredCapabilities = askable.required
  throw mcpErrors.CLIENT_CANNOT_ANSWER({ method, reason, requiredCapabilities })
}

/** The first step without whose answer the run cannot go through. */
function stepThatAsks({ steps }: WorkflowPlan): string | undefined {
  return steps.find(
    ({ does, condition, onError }) =>
      does.kind === 'elicitation' && condition === undefined && onError.action === 'abort',
  )?.id
}
