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
  return waitForAnswer(scope, step, message, Math.max(1, deadline - ports.now()))
}

async function waitForAnswer(
  scope: RunScope,
  step: ElicitationStep,
  message: string,
  timeoutMs: number,
): Promise<StepEnd> {
  const { ports, run, plan, cancellation, suspension } = scope
  const limit = limitTime(cancellation, timeoutMs)
  const leave = suspension.onCancel((reason) => limit.cancellation.cancel(reason))
  try {
    const about = { run, workflow: plan.name, step: step.id, key: step.id }
    ports.event({ kind: 'question-asked', ...about, timeoutMs })
    const request = {
      method: 'elicitation/create' as const,
      params: { mode: 'form', message, requestedSchema: step.does.schema },
    }
    const question = { key: step.id, request, timeoutMs, cancellation: limit.cancellation }
    const settled = await settle(ports.ask(question), limit.cancellation)
    if (settled.kind === 'done') {
      const answer = settled.value
      ports.journal.add({ kind: 'answered', at: ports.now(), step: step.id, answer })
      ports.event({ kind: 'question-answered', ...about, action: actionOf(answer) })
      // Nobody should have to answer twice.
      await ports.journal.commit()?.catch(() => {})
      return react(step, answer)
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

function react(step: ElicitationStep, answer: JsonObject): StepEnd {
  const { action, content } = answer
  if (action === 'decline' || action === 'cancel') return refused(step, action)
  if (action !== 'accept')
    return failed(step, `the answer has the action ${JSON.stringify(action)}`)
  const value = isJsonObject(content) ? content : {}
  const problem = checkAnswer(step.does.schema, value)
  if (problem !== undefined) return failed(step, `the answer does not fit: ${problem}`)
  return { status: 'completed', tries: 1, output: { action, content: value } }
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
