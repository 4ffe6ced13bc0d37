import { Cancellation } from '../../base/cancellation.ts'
import { isAppError, type AppError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Call } from '../../mcp/call.ts'
import type { SessionLookup } from '../../mcp/client-session.ts'
import { clientOf } from '../../mcp/client-of.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import type { InputAnswers, InputRequest, InputRequests } from '../../mcp/messages.ts'
import { checkQuestion } from '../../mcp/question-rules.ts'
import type { CallerPorts, StepCall, StepQuestion, StepTool } from '../../workflow/ports.ts'
import { findToolForStep } from '../aggregation/lookup.ts'
import { InnerCall, innerResult, type InnerCaller } from '../inner-call.ts'
import type { SourceHost } from '../source.ts'
import { OpenQuestions } from './open-questions.ts'
import { OperatorAnswers } from './operator-answers.ts'
import type { ParkedRuns } from './parked-runs.ts'
import { callerOf } from './run-caller.ts'
import { RunProgress } from './run-progress.ts'

export interface RunDeskOptions {
  readonly run: string
  readonly workflow: string
  readonly caller: InnerCaller
  readonly host: SourceHost
  readonly parked: ParkedRuns
  /** Longest wait for the answer to a question of a backend, in milliseconds. */
  readonly questionTimeoutMs: () => number
  /** After a restart: looks for the caller's session. */
  readonly session?: () => Promise<SessionLookup>
  /** Asks a legacy client that has no call open: on the stream of its session, when it is back. */
  readonly askSession: (request: InputRequest, until: Cancellation) => Promise<JsonObject>
  /** `_meta` of the calls of a step: the trace they belong to. */
  readonly metaOf: (call: StepCall) => JsonObject | undefined
  readonly newId: () => string
}

/**
 * Where a run meets its client. A run outlives the exchanges of its client: calls attach to it and leave, of modern clients one
 * after the other. The desk makes its inner calls in their name, asks them, and tells them how far it is.
 */
export class RunDesk implements CallerPorts {
  readonly #options: RunDeskOptions
  readonly #attached = new Set<Call>()
  readonly #questions = new OpenQuestions()
  /** Questions of steps, which an operator may answer as well. */
  readonly operator = new OperatorAnswers()
  readonly #progress = new RunProgress()
  readonly #isRestored: boolean
  #caller: InnerCaller
  /** By step. */
  readonly #refusals = new Map<string, AppError>()
  /** Whose place it takes while it waits for an answer. */
  #parkedFor: string | undefined
  #session: Promise<void> | undefined

  constructor(options: RunDeskOptions) {
    this.#options = options
    this.#caller = options.caller
    this.#isRestored = options.session !== undefined
  }

  get caller(): InnerCaller {
    return this.#caller
  }

  /** The client could not be asked in this step: why, for the client that has to learn it (`-32021`). */
  refusalOf(step: string): AppError | undefined {
    return this.#refusals.get(step)
  }

  /** A call of the client waits for the run from now on. Returns the way to leave: true if nobody is left. */
  attach(call: Call): () => boolean {
    this.#attached.add(call)
    const { latest } = this.#progress
    if (latest !== undefined) call.notify(PROGRESS, latest)
    this.#caller = callerOf(call)
    if (call.retry?.answers !== undefined) {
      this.#questions.answer(call.retry.answers, this.#isRestored)
    }
    return () => this.#attached.delete(call) && this.#attached.size === 0
  }

  /** Resolves when there are questions for a modern client. */
  nextQuestions(): Promise<InputRequests> {
    return this.#questions.next()
  }

  readonly tool = (name: string): StepTool | undefined => {
    const route = this.#route(name)
    if (route === undefined) return undefined
    const { inputSchema } = route.definition
    const { readOnlyHint, idempotentHint } = route.annotations
    return {
      inputSchema: typeof inputSchema === 'object' ? (inputSchema as JsonObject) : undefined,
      readOnly: readOnlyHint === true,
      idempotent: idempotentHint === true,
    }
  }

  readonly call = async (step: StepCall): Promise<JsonObject> => {
    await this.#sessionBack()
    const { workflow, run, host } = this.#options
    const { iteration } = step
    const inner = new InnerCall({
      caller: this.#caller,
      origin: {
        workflow,
        run,
        step: step.step,
        ...(iteration === undefined ? undefined : { iteration }),
      },
      // By its name here, if it has one: policy knows tools by that.
      tool: this.#route(step.tool)?.name ?? step.tool,
      arguments: step.arguments,
      meta: this.#options.metaOf(step),
      cancellation: step.cancellation,
      ask: (requests) => this.#askFor(step, requests),
      notify: (method, params) => this.#notified(inner, step, method, params),
    })
    try {
      return innerResult(step.tool, await host.answer(inner))
    } finally {
      this.#progress.ended(inner)
    }
  }

  readonly ask = (question: StepQuestion): Promise<JsonObject> => {
    const { key, request, timeoutMs } = question
    return this.operator.ask(question, (until) => this.#ask(key, key, request, timeoutMs, until))
  }

  readonly progress = (done: number, total: number, message: string): void => {
    this.#tellProgress(this.#progress.steps(done, total, message))
  }

  #route(name: string) {
    return findToolForStep(this.#options.host.catalogueFor(this.#caller), name)
  }

  async #sessionBack(): Promise<void> {
    const { session } = this.#options
    if (session === undefined || this.#caller.session !== undefined) return
    this.#session ??= session().then((found) => {
      if (typeof found === 'object') this.#caller = { ...this.#caller, session: found }
    })
    await this.#session
  }

  #notified(inner: InnerCall, step: StepCall, method: string, params: JsonObject): void {
    if (method !== PROGRESS) this.#tell(method, params)
    else this.#tellProgress(this.#progress.part(inner, labelOf(step), params))
  }

  #tellProgress(params: JsonObject | undefined): void {
    if (params !== undefined) this.#tell(PROGRESS, params)
  }

  #tell(method: string, params: JsonObject): void {
    for (const call of this.#attached) call.notify(method, params)
  }

  /** Questions of a backend in the middle of a step: all answers, or none. */
  async #askFor(step: StepCall, requests: InputRequests): Promise<InputAnswers> {
    const round = new Cancellation()
    const unlink = step.cancellation.onCancel((reason) => round.cancel(reason))
    const timeoutMs = this.#options.questionTimeoutMs()
    const asked = Object.entries(requests).map(async ([key, request]) => {
      const own = this.#freeKey(`${labelOf(step)}.${key}`)
      return [key, await this.#ask(step.step, own, request, timeoutMs, round)] as const
    })
    try {
      return Object.fromEntries(await Promise.all(asked))
    } catch (error) {
      round.cancel('another question of the same call was not answered')
      throw error
    } finally {
      unlink()
    }
  }

  #freeKey(wanted: string): string {
    let key = wanted
    for (let i = 2; this.#questions.has(key); i++) key = `${wanted}-${i}`
    return key
  }

  async #ask(
    step: string,
    key: string,
    request: InputRequest,
    timeoutMs: number,
    cancellation: Cancellation,
  ): Promise<JsonObject> {
    try {
      return this.#caller.client.era === 'legacy'
        ? await this.#askLegacy(key, request, timeoutMs, cancellation)
        : await this.#askModern(step, key, request, timeoutMs, cancellation)
    } catch (error) {
      // Backends ask for roots as soon as they are connected, and do without: no call fails for want of them.
      const matters = request.method !== 'roots/list'
      if (matters && isAppError(error, 'MCP_CLIENT_CANNOT_ANSWER')) this.#refusals.set(step, error)
      throw error
    }
  }

  async #askLegacy(
    key: string,
    request: InputRequest,
    timeoutMs: number,
    cancellation: Cancellation,
  ): Promise<JsonObject> {
    const until = new Cancellation()
    const unlink = cancellation.onCancel((reason) => until.cancel(reason))
    let expired = false
    const timer = setTimeout(() => {
      expired = true
      until.cancel('timed out')
    }, timeoutMs)
    try {
      const [call] = this.#attached
      if (call === undefined) return await this.#options.askSession(request, until)
      return (await call.ask({ [key]: request }, until))[key] ?? {}
    } catch (error) {
      if (!expired) throw error
      throw mcpErrors.QUESTION_EXPIRED({ method: request.method, waitedMs: timeoutMs })
    } finally {
      clearTimeout(timer)
      unlink()
    }
  }

  async #askModern(
    step: string,
    key: string,
    request: InputRequest,
    timeoutMs: number,
    cancellation: Cancellation,
  ): Promise<JsonObject> {
    const { method } = request
    const { client } = this.#caller
    const askable = checkQuestion(request, client, this.#options.newId)
    if (askable.kind === 'answered') return askable.answer
    if (askable.kind === 'refused') {
      const reason = `${askable.reason}, and step "${step}" of "${this.#options.workflow}" has to ask it`
      const requiredCapabilities = askable.required
      throw mcpErrors.CLIENT_CANNOT_ANSWER({ method, reason, requiredCapabilities })
    }
    if (this.#parkedFor === undefined) {
      const owner = clientOf(this.#caller)
      this.#options.parked.enter(owner, method)
      this.#parkedFor = owner
    }
    const asked = { method, params: askable.params }
    try {
      return await this.#questions.add(key, asked, timeoutMs, cancellation)
    } finally {
      if (this.#questions.size === 0 && this.#parkedFor !== undefined) {
        this.#options.parked.leave(this.#parkedFor)
        this.#parkedFor = undefined
      }
    }
  }
}

const PROGRESS = 'notifications/progress'

function labelOf({ step, iteration }: StepCall): string {
  return iteration === undefined ? step : `${step}[${iteration}]`
}
