import { setTimeout as sleep } from 'node:timers/promises'
import { judgeAnswer, type Judgement } from './judge-answer.ts'
import type { Caller, Request } from './wire.ts'

/** How a call ended for the client that made it. */
export interface Ending {
  readonly kind: 'normal' | 'unknown' | 'refused' | 'unanswered' | 'dead'
  readonly text: string
  /** The answer said that state of the backend was lost. */
  readonly lostState: boolean
  /** Attempts after the first. */
  readonly retries: number
  /** What went wrong on the way, the last first. */
  readonly reasons: readonly string[]
}

export interface CallLimits {
  /** A client waits no longer for one attempt. */
  readonly attemptMs: number
  /** And not longer for all of them. */
  readonly totalMs: number
  /** The call only looks: it may be made again where its outcome is unknown. */
  readonly harmless: boolean
}

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 500
/** Somebody who is told to wait longer does something else meanwhile. */
const LONGEST_RETRY_AFTER_MS = 1_000

/** Makes a call as a good client does: what was not answered is sent again, the same call with the same key. Never rejects. */
export async function callUntilAnswered(
  caller: Caller,
  request: Request,
  limits: CallLimits,
): Promise<Ending> {
  const startedAt = performance.now()
  const reasons: string[] = []
  let pauseMs = FIRST_PAUSE_MS
  for (let retries = 0; ; retries++) {
    const leftMs = limits.totalMs - (performance.now() - startedAt)
    if (leftMs <= 0) {
      return { kind: 'unanswered', text: '', lostState: false, retries: retries - 1, reasons }
    }
    const judged = await attempt(caller, request, Math.ceil(Math.min(limits.attemptMs, leftMs)))
    if (judged.kind === 'done') {
      return { kind: 'normal', text: judged.text, lostState: judged.lostState, retries, reasons }
    }
    reasons.unshift(judged.reason)
    const again =
      judged.kind === 'again' ||
      (judged.kind === 'unknown' && (limits.harmless || judged.fetchable))
    if (judged.kind !== 'again' && !again) {
      return { kind: judged.kind, text: judged.reason, lostState: false, retries, reasons }
    }
    const afterMs = judged.kind === 'again' ? judged.afterMs : undefined
    await sleep(Math.min(afterMs ?? pauseMs, LONGEST_RETRY_AFTER_MS))
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
}

async function attempt(caller: Caller, request: Request, timeoutMs: number): Promise<Judgement> {
  try {
    const answer = await caller.send(request, AbortSignal.timeout(timeoutMs))
    return judgeAnswer(answer, caller.hasSession)
  } catch (error) {
    return { kind: 'again', reason: brokenBecause(error), afterMs: undefined }
  }
}

function brokenBecause(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${error.name}: ${error.message}${cause}`
}
