import { isAppError } from '../../base/errors.ts'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { ElicitationAction, PlannedStep, Reaction } from '../plan.ts'
import { checkAnswer } from './check-answer.ts'
import { messageOf } from './message-of.ts'
import { ExpandWith } from './expand-with.ts'
import type { RunScope } from './run-scope.ts'
import { DEFAULT_STEP_MS } from './run-tool.ts'
import { settle } from './settle.ts'
import type { StepEnd } from './step-end.ts'
import { limitTime } from './time-limit.ts'

type ElicitationStep = PlannedStep & { readonly does: ElicitationAction }
/** Why there is no content. */
type Refusal = 'decline' | 'cancel' | 'timeout'

/** A step that asks the caller. A question that was asked before a restart keeps its deadline; a given answer is taken. */
export async function askCaller(scope: RunScope, step: ElicitationStep): Promise<StepEnd> {
  const { ports } = scope
  const before = scope.recovered?.steps.get(step.id)
  if (before?.answer !== undefined) return react(step, before.answer)
  let message: string
  try {
    message = new ExpandWith(scope.data.root).text(step.does.message)
  } catch (error) {
    return failed(step, `cannot make its message: ${messageOf(error)}`)
  }
  const timeoutMs = step.timeoutMs ?? DEFAULT_STEP_MS
  const deadline = before?.deadline ?? ports.now() + timeoutMs
  if (before?.deadline === undefined) {
    ports.journal.add({ kind: 'asked', at: ports.now(), step: step.id, deadline })
  }
  // What the caller is asked about was done, and must not be done again.
  await ports.journal.commit()?.catch(() => {})
  return askUntilItFits(scope, step, message, deadline)
}

/** So often a caller is asked whose answers do not fit. */
const MAX_ASKED = 3

/** People make mistakes: who is told of them can mend them. All of it is in the time for one answer. */
async function askUntilItFits(
  scope: RunScope,
  step: ElicitationStep,
  message: string,
  deadline: number,
): Promise<StepEnd> {
  let asked = message
  for (let time = 1; ; time++) {
    // Another question, so that an answer that is sent again is none to it.
    const key = time === 1 ? step.id : `${step.id}-${time}`
    const settled = await waitForAnswer(scope, step, { key, message: asked, deadline })
    if (!('answer' in settled)) return settled
    const { answer } = settled
    const problem = problemOf(step, answer)
    if (problem === undefined || time === MAX_ASKED) return take(scope, step, answer)
    asked = `${message}\n\nThe last answer could not be used: ${problem.slice(0, MAX_PROBLEM)}`
  }
}

const MAX_PROBLEM = 500

async function take(scope: RunScope, step: ElicitationStep, answer: JsonObject): Promise<StepEnd> {
  const { journal, now } = scope.ports
  journal.add({ kind: 'answered', at: now(), step: step.id, answer })
  // Nobody should have to answer twice.
  await journal.commit()?.catch(() => {})
  return react(step, answer)
}

async function waitForAnswer(
  scope: RunScope,
  step: ElicitationStep,
  { key, message, deadline }: { key: string; message: string; deadline: number },
): Promise<StepEnd | { readonly answer: JsonObject }> {
  const { ports, run, plan, cancellation, suspension } = scope
  const timeoutMs = Math.max(1, deadline - ports.now())
  const limit = limitTime(cancellation, timeoutMs)
  const leave = suspension.onCancel((reason) => limit.cancellation.cancel(reason))
  try {
    const about = { run, workflow: plan.name, step: step.id, key }
    ports.event({ kind: 'question-asked', ...about, timeoutMs })
    const request = {
      method: 'elicitation/create' as const,
      params: { mode: 'form', message, requestedSchema: step.does.schema },
    }
    const question = { key, request, timeoutMs, cancellation: limit.cancellation }
    const settled = await settle(ports.ask(question), limit.cancellation)
    if (settled.kind === 'done') {
      const answer = settled.value
      ports.event({ kind: 'question-answered', ...about, action: actionOf(answer) })
      return { answer }
    }
    if (cancellation.cancelled) {
      return { status: 'cancelled', tries: 1, error: `cancelled: ${cancellation.reason ?? ''}` }
    }
    const error = settled.kind === 'failed' ? settled.error : undefined
    if (limit.expired || isAppError(error, 'MCP_QUESTION_EXPIRED')) {
      ports.event({ kind: 'question-answered', ...about, action: 'timeout' })
      return refused(step, 'timeout')
    }
    if (suspension.cancelled) return { status: 'suspended' }
    return failed(step, `cannot ask the caller: ${messageOf(error)}`)
  } finally {
    limit.end()
    leave()
  }
}

/** Why an answer is none. */
function problemOf(step: ElicitationStep, { action, content }: JsonObject): string | undefined {
  if (action === 'decline' || action === 'cancel') return undefined
  if (action !== 'accept') return `it has the action ${JSON.stringify(action)}`
  // Clients may leave out what nothing is in.
  const value = content ?? {}
  if (!isJsonObject(value)) return 'its content is not an object'
  return checkAnswer(step.does.schema, value)
}

function react(step: ElicitationStep, answer: JsonObject): StepEnd {
  const { action, content } = answer
  if (action === 'decline' || action === 'cancel') return refused(step, action)
  const problem = problemOf(step, answer)
  if (problem !== undefined) return failed(step, `the answer does not fit: ${problem}`)
  return {
    status: 'completed',
    tries: 1,
    output: { action: 'accept', content: isJsonObject(content) ? content : {} },
  }
}

function actionOf({ action }: JsonObject): string {
  return typeof action === 'string' ? action : 'none'
}

function refused(step: ElicitationStep, reason: Refusal): StepEnd {
  const { onDecline, onCancel } = step.does
  const reaction: Reaction = reason === 'decline' ? onDecline : onCancel
  switch (reaction) {
    case 'continue':
      return { status: 'completed', tries: 1, output: { action: reason } }
    case 'skip_remaining':
      return {
        status: 'completed',
        tries: 1,
        output: { action: reason, skipped: true },
        skipRemaining: true,
      }
    default:
      return failed(step, SENTENCES[reason])
  }
}

const SENTENCES: Readonly<Record<Refusal, string>> = {
  decline: 'the caller declined to answer',
  cancel: 'the caller cancelled the question',
  timeout: 'the caller did not answer in time',
}

function failed(step: ElicitationStep, error: string): StepEnd {
  const goOn = step.onError.action === 'continue'
  return goOn
    ? { status: 'failed', tries: 1, error, goOn, output: step.defaultResults ?? {} }
    : { status: 'failed', tries: 1, error, goOn }
}
