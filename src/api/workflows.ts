import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AppError } from '../base/errors.ts'
import type { Now } from '../base/clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import { workflowErrors } from '../workflow/errors.ts'
import { RUN_STANDINGS } from '../workflow/outcome.ts'
import type { WorkflowPlan } from '../workflow/plan.ts'
import { renderGraph } from '../workflow/render-graph.ts'
import type { RunDetails, RunTable } from '../workflow/runs.ts'
import { apiErrors } from './errors.ts'
import { isLocal } from './is-local.ts'
import { answer, answerProblem, answerText } from './problem-json.ts'
import { readAnswer } from './read-answer.ts'
import { readBody } from './read-body.ts'
import type { RunQuestions } from './run-questions.ts'
import { toRunDetailsView, toRunView } from './run-views.ts'
import { isWorkflowPath, WORKFLOW_ROOT } from './workflow-path.ts'
import { createWatchers } from './watch-runs.ts'

export interface WorkflowApiOptions {
  readonly runs: RunTable
  readonly questions: RunQuestions
  /** The composite tools as they are now. */
  readonly plans: () => readonly WorkflowPlan[]
  /** What is wrong with Host or Origin; undefined: nothing. */
  readonly guard: (headers: IncomingHttpHeaders) => AppError | undefined
  /** The bearer token of whoever may ask; undefined: nobody. */
  readonly key: string | undefined
  readonly now: Now
  readonly log: Logger
}

/**
 * Runs of composite tools over HTTP: seen and steered by who is on the machine and has the key. A proxy on the machine is there as
 * well, and hands on the requests of strangers.
 */
export interface WorkflowApi {
  /** For a listener: false if the path is not below `/api/workflows`. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** Ends the streams of those who watch. */
  close(): void
}

interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  /** What the path names: a run, or a tool. */
  readonly name: string
}

type Route = {
  readonly method: 'GET' | 'POST'
  /** One group: the name. */
  readonly path: RegExp
  /** The parameters it knows; default: none. */
  readonly query?: readonly string[]
  readonly serve: (asked: Asked) => Promise<void>
}

const NAME = '([^/]+)'
const MAX_LISTED = 1_000

/**
 * `GET /api/workflows`, `GET …/{run}`, `GET …/{run}/events`, `POST …/{run}/cancel`, `POST …/{run}/resume`, `GET …/events`,
 * `POST …/{run}/answer`, `GET …/definitions`, `GET …/definitions/{tool}/graph`. Errors are problem+json.
 */
export function createWorkflowApi(options: WorkflowApiOptions): WorkflowApi {
  const { runs, questions, plans, now, log } = options
  const watchers = createWatchers()

  const routes: readonly Route[] = [
    { method: 'GET', path: /^()\/?$/, query: ['status', 'workflow', 'limit'], serve: list },
    { method: 'GET', path: /^()\/events$/, serve: watchAll },
    { method: 'GET', path: /^()\/definitions$/, serve: listPlans },
    {
      method: 'GET',
      path: new RegExp(`^/definitions/${NAME}/graph$`),
      query: ['format'],
      serve: graph,
    },
    { method: 'GET', path: new RegExp(`^/${NAME}$`), serve: show },
    { method: 'GET', path: new RegExp(`^/${NAME}/events$`), serve: watchOne },
    { method: 'POST', path: new RegExp(`^/${NAME}/cancel$`), serve: cancel },
    { method: 'POST', path: new RegExp(`^/${NAME}/resume$`), serve: resume },
    { method: 'POST', path: new RegExp(`^/${NAME}/answer$`), serve: answerQuestion },
  ]

  async function list({ response, query }: Asked): Promise<void> {
    const limit = readLimit(query)
    const [status, workflow] = [readStatus(query), query.get('workflow')]
    const found = (await runs.list()).filter(
      (run) =>
        (status === null || run.status === status) &&
        (workflow === null || run.workflow === workflow),
    )
    const shown = found.slice(0, limit).map((run) => toRunView(run, now()))
    answer(response, 200, { runs: shown, total: found.length })
  }

  async function show({ response, name }: Asked): Promise<void> {
    answer(response, 200, toRunDetailsView(await find(name), now(), questions.of(name)))
  }

  async function watchAll({ response }: Asked): Promise<void> {
    watchers.watch(response, { table: runs, wants: () => true, isLast: () => false })
  }

  async function watchOne({ response, name }: Asked): Promise<void> {
    await find(name)
    watchers.watch(response, {
      table: runs,
      wants: (event) => event.run === name,
      isLast: (event) => event.kind === 'run-finished',
      async snapshot() {
        const run = await find(name)
        return { data: toRunDetailsView(run, now(), questions.of(name)), isOver: !isUnderWay(run) }
      },
    })
  }

  async function cancel({ request, response, name }: Asked): Promise<void> {
    const { reason } = await readBody(request)
    if (reason !== undefined && typeof reason !== 'string') {
      throw apiErrors.BAD_BODY({ reason: 'has a reason that is no text' })
    }
    const found = await find(name)
    if (!(await runs.cancel(name, reason ?? 'cancelled by an operator'))) {
      throw apiErrors.NOT_UNDER_WAY({ run: name, status: found.status })
    }
    answer(response, 202, { id: name, cancelling: true })
  }

  async function resume({ request, response, name }: Asked): Promise<void> {
    await readBody(request)
    await find(name)
    const run = await runs.resume(name)
    // Whoever wants to know how it ends looks; here nobody waits.
    run.outcome.catch((error: unknown) => log.warn({ run: name, err: error }, 'A resumed run left'))
    answer(response, 202, { id: run.id, workflow: run.plan.name, status: 'running' })
  }

  async function answerQuestion({ request, response, name }: Asked): Promise<void> {
    const given = readAnswer(await readBody(request))
    const { status, owner } = await find(name)
    const open = questions.of(name).map(({ key }) => key)
    const key = given.question ?? (open.length === 1 ? open[0] : undefined)
    if (key === undefined || !questions.answer(name, key, given.answer)) {
      throw apiErrors.NO_QUESTION({ run: name, status, owner, open })
    }
    answer(response, 202, { id: name, question: key, action: given.answer['action'] })
  }

  async function listPlans({ response }: Asked): Promise<void> {
    const tools = plans().map(({ name, description, steps }) => {
      return { name, description, steps: steps.map(({ id, does }) => ({ id, kind: does.kind })) }
    })
    answer(response, 200, { tools })
  }

  async function graph({ response, query, name }: Asked): Promise<void> {
    const plan = plans().find((each) => each.name === name)
    if (plan === undefined) throw apiErrors.UNKNOWN_TOOL({ tool: name })
    const format = query.get('format') ?? 'text'
    if (format !== 'text' && format !== 'mermaid') {
      throw apiErrors.BAD_QUERY({ name: 'format', value: format, wanted: 'text or mermaid' })
    }
    answerText(response, renderGraph(plan, format))
  }

  async function find(id: string): Promise<RunDetails> {
    const run = await runs.get(id)
    if (run === undefined) throw workflowErrors.RUN_NOT_FOUND({ run: id })
    return run
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = request.socket.remoteAddress ?? ''
    if (!isLocal(address)) throw apiErrors.NOT_LOCAL({ address })
    const problem = options.guard(request.headers)
    if (problem !== undefined) {
      const { message, hint } = problem
      throw apiErrors.BAD_ORIGIN({ problem: message, hint })
    }
    checkKey(request.headers.authorization, options.key)
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://localhost')
    const path = pathname.slice(WORKFLOW_ROOT.length)
    const fitting = routes.filter((route) => route.path.test(path))
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '')
    const route = fitting.find((each) => each.method === method)
    if (route === undefined) {
      if (fitting.length === 0) throw apiErrors.NO_ROUTE({ path: pathname })
      const allowed = fitting.map((each) => each.method).join(', ')
      response.setHeader('allow', allowed)
      throw apiErrors.BAD_METHOD({ method, path: pathname, allowed })
    }
    checkQuery(query, route.query ?? [])
    const name = decode(route.path.exec(path)?.[1] ?? '')
    await route.serve({ request, response, query, name })
  }

  return {
    handle(request, response) {
      if (!isWorkflowPath(request.url ?? '')) return false
      serve(request, response)
        .catch((thrown: unknown) => answerProblem(response, thrown, log))
        .finally(() => request.resume())
      return true
    },
    close: () => watchers.close(),
  }
}

/** In a time that says nothing of the key. */
function checkKey(authorization: string | undefined, key: string | undefined): void {
  if (key === undefined) throw apiErrors.CLOSED({})
  const given = /^bearer (.+)$/i.exec(authorization ?? '')?.[1]
  const isKey = given !== undefined && timingSafeEqual(digestOf(given), digestOf(key))
  if (!isKey) throw apiErrors.NO_KEY({ given: given !== undefined })
}

/** What is passed over would tell another truth than was asked for. */
function checkQuery(query: URLSearchParams, known: readonly string[]): void {
  const name = [...query.keys()].find((key) => !known.includes(key))
  if (name !== undefined) throw apiErrors.UNKNOWN_PARAMETER({ name, known })
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function isUnderWay({ status }: RunDetails): boolean {
  return status === 'running' || status === 'waiting'
}

function readLimit(query: URLSearchParams): number {
  const value = query.get('limit') ?? '100'
  const limit = Number(value)
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LISTED) return limit
  throw apiErrors.BAD_QUERY({ name: 'limit', value, wanted: `a number from 1 to ${MAX_LISTED}` })
}

function readStatus(query: URLSearchParams): string | null {
  const value = query.get('status')
  if (value === null || RUN_STANDINGS.some((status) => status === value)) return value
  throw apiErrors.BAD_QUERY({ name: 'status', value, wanted: `one of ${RUN_STANDINGS.join(', ')}` })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
