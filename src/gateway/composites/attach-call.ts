import { isAppError } from '../../base/errors.ts'
import type { Call } from '../../mcp/call.ts'
import type { InputRequests } from '../../mcp/messages.ts'
import { resultReply, type Reply } from '../../mcp/reply.ts'
import type { RunOutcome } from '../../workflow/outcome.ts'
import type { LiveRun } from '../../workflow/runs.ts'
import { toToolResult } from '../../workflow/tool-result.ts'
import type { RunDesk } from './run-desk.ts'

export interface AttachOptions {
  readonly run: LiveRun
  readonly desk: RunDesk
  readonly call: Call
  /** Our name among the replicas, for retries that come to another one. */
  readonly replica: string | undefined
  /** True once this process leaves its runs to the next: a client that is cut off has not cancelled them. */
  readonly isClosing: () => boolean
}

/**
 * Lets a call of a client wait for a run: until its end, or for a modern client until there is something to ask, with the id of
 * the run as its state. A client that gives up its only call ends the run.
 */
export async function attachCall(options: AttachOptions): Promise<Reply> {
  const { run, desk, call } = options
  const leave = desk.attach(call)
  const unlink = call.cancellation.onCancel((reason) => {
    if (leave() && !options.isClosing()) run.cancel(reason)
  })
  try {
    const isModern = call.client.era === 'modern'
    const next = await Promise.race([endOf(run), ...(isModern ? [questionsOf(desk)] : [])])
    if (next.kind === 'asked') {
      const { requests } = next
      return { kind: 'input', requests, state: run.id, holder: options.replica }
    }
    if (next.kind === 'ended') return replyOf(options, next.outcome)
    // It goes on after a restart, or in another process: a modern client comes back by itself.
    if (isModern && !isAppError(next.error, UNKNOWN)) return { kind: 'input', state: run.id }
    throw next.error
  } finally {
    unlink()
    leave()
  }
}

const UNKNOWN = 'WORKFLOW_RUN_OUTCOME_UNKNOWN'

type Next =
  | { readonly kind: 'ended'; readonly outcome: RunOutcome }
  | { readonly kind: 'left'; readonly error: unknown }
  | { readonly kind: 'asked'; readonly requests: InputRequests }

function endOf(run: LiveRun): Promise<Next> {
  return run.outcome.then(
    (outcome) => ({ kind: 'ended', outcome }),
    (error: unknown) => ({ kind: 'left', error }),
  )
}

function questionsOf(desk: RunDesk): Promise<Next> {
  return desk.nextQuestions().then((requests) => ({ kind: 'asked', requests }))
}

/** A modern client learns which capability was missing where the run failed for it (2026-07-28, `-32021`). */
function replyOf({ run, desk, call }: AttachOptions, outcome: RunOutcome): Reply {
  const failedStep = outcome.status === 'completed' ? undefined : outcome.failure.step
  const refusal = failedStep === undefined ? undefined : desk.refusalOf(failedStep)
  if (refusal !== undefined && call.client.era === 'modern') throw refusal
  return resultReply(toToolResult(run.plan, run.id, outcome))
}
