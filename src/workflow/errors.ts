import { defineErrors } from '../base/errors.ts'

interface UnknownOutcome {
  readonly run: string
  readonly reason: string
  readonly ran: 'unknown'
  /** Of the call that waited for the run. */
  readonly idempotencyKey?: string | undefined
}

export const workflowErrors = defineErrors('WORKFLOW', {
  RUN_SUSPENDED: {
    fault: 'environment',
    status: 503,
    message: (d: { run: string }) => `The gateway closes; run "${d.run}" goes on when it is back`,
    hint: () => 'Send the call again, with the same state, when the gateway is back',
  },
  RUN_TAKEN_OVER: {
    fault: 'environment',
    status: 503,
    message: (d: { run: string }) => `Run "${d.run}" goes on in another process`,
    hint: (d: { run: string }) => howToLearn(d),
  },
  RUN_OUTCOME_UNKNOWN: {
    fault: 'environment',
    status: 504,
    message: (d: UnknownOutcome) => `Outcome unknown of run "${d.run}": ${d.reason}`,
    hint: (d: UnknownOutcome) => howToLearn(d),
  },
  TOO_MANY_RUNS: {
    fault: 'environment',
    status: 503,
    message: (d: { limit: number }) => `Cannot start another run: ${d.limit} are under way`,
    hint: () => 'Try again later, or raise workflows.maxRuns',
  },
  ARGUMENT_FAILED: {
    fault: 'environment',
    status: 422,
    message: (d: { path: string; reason: string }) => `Cannot make ${d.path}: ${d.reason}`,
  },
  WORKER_LOST: {
    fault: 'environment',
    status: 502,
    message: (d: { tool: string }) =>
      `The replica that called "${d.tool}" is gone, and it is not known whether the tool did its work`,
    hint: () => 'Look at the tool; an operator can resume the run',
  },
  CALL_FAILED_ELSEWHERE: {
    fault: 'environment',
    status: 502,
    message: (d: { reason: string; ran: 'no' | 'unknown' }) => d.reason,
  },
  RUN_NOT_FOUND: {
    fault: 'caller',
    status: 404,
    message: (d: { run: string }) => `There is no run "${d.run}"`,
    hint: () => 'Ended runs are kept for workflows.keepRuns; list those there are',
  },
  RUN_NOT_RESUMABLE: {
    fault: 'caller',
    status: 409,
    message: (d: { run: string; reason: string }) => `Cannot resume run "${d.run}": ${d.reason}`,
    hint: () => 'Only runs that ended without completing can be resumed',
  },
})

function howToLearn({ run, idempotencyKey }: { run: string; idempotencyKey?: string | undefined }) {
  const show = `\`thv workflow show ${run}\` tells what becomes of it`
  return idempotencyKey === undefined
    ? `Do not call the tool anew, that would be another run: ${show}`
    : `Send the same call with the same idempotency key: it does not run again. ${show}`
}
