import type { JsonObject } from '../../base/json.ts'
import type { StepFinished } from '../journal.ts'
import type { PlannedStep } from '../plan.ts'
import type { StepEnd } from './step-end.ts'

type Ended = Exclude<StepEnd, { status: 'suspended' }>

/** The entry of the journal for a step that ended. */
export function toEntry(step: PlannedStep, end: Ended, at: number): StepFinished {
  const { status, tries } = end
  // The iterations of a loop were written one by one.
  const rebuilt = step.does.kind === 'forEach' && status !== 'skipped' && tookItems(end.output)
  return {
    kind: 'step-finished',
    at,
    step: step.id,
    status: status === 'unknown' ? 'failed' : status,
    tries,
    ...(status === 'unknown' ? { unknown: true } : {}),
    ...(end.output === undefined || rebuilt ? {} : { output: end.output }),
    ...('content' in end && end.content !== undefined ? { content: end.content } : {}),
    ...('error' in end ? { error: end.error } : {}),
    ...('skipRemaining' in end && end.skipRemaining === true ? { skipRemaining: true } : {}),
    ...('goOn' in end && end.goOn ? { goOn: true } : {}),
  }
}

/** A step that ended in an earlier life. The output of a loop is made again by the loop itself. */
export function fromEntry(entry: StepFinished): Ended {
  const { status, tries, output, content, error = '' } = entry
  const given = output === undefined ? {} : { output }
  if (entry.unknown === true) return { status: 'unknown', tries, error, ...given }
  if (status === 'failed') return { status, tries, error, goOn: entry.goOn === true, ...given }
  if (status === 'completed' || status === 'skipped') {
    return {
      status,
      tries,
      output: output ?? {},
      ...(content === undefined ? {} : { content }),
      ...(entry.skipRemaining === true ? { skipRemaining: true } : {}),
    }
  }
  return { status: 'cancelled', tries, error, ...given }
}

function tookItems(output: JsonObject | undefined): boolean {
  return output !== undefined && Array.isArray(output['iterations'])
}
