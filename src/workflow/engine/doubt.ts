import type { PlannedStep } from '../plan.ts'
import type { RecoveredCall } from '../recover-run.ts'
import type { RunScope } from './run-scope.ts'

/** Why the call of an earlier life must not be made again; undefined: it may, or there was none. */
export function doubtAbout(call: RecoveredCall | undefined, step: PlannedStep): string | undefined {
  if (call?.open === undefined || call.safe || step.idempotent) return undefined
  const tool = step.does.kind === 'tool' ? step.does.tool : step.id
  return call.open === 'omitted'
    ? `"${tool}" did its work, but its result was too large to be kept over the restart`
    : `the gateway ended while it called "${tool}", and it is not known whether the tool did its work`
}

/** Whether an earlier life began something in this step that must not be done again, and nobody knows how it came out. */
export function isInDoubt(scope: RunScope, step: PlannedStep): boolean {
  const before = scope.recovered?.steps.get(step.id)
  if (before === undefined || before.end !== undefined) return false
  if (step.does.kind !== 'forEach') return doubtAbout(before.call, step) !== undefined
  const ended = [...before.items.values()].some(({ end }) => end?.unknown === true)
  return ended || iterationsInDoubt(scope, step).length > 0
}

/** The iterations of a loop of which that is true, in order. What the fleet may still be doing is not in doubt. */
export function iterationsInDoubt(
  { recovered, spread }: RunScope,
  { id, does }: PlannedStep,
): number[] {
  if (does.kind !== 'forEach') return []
  const inFleet = does.distribution === 'fleet' && spread !== undefined
  const places = Array.from(recovered?.steps.get(id)?.items ?? [], ([index, { end, call }]) => {
    const isDoneElsewhere = inFleet && call?.open === 'calling' && call.job !== undefined
    if (end !== undefined || isDoneElsewhere) return []
    return doubtAbout(call, does.step) === undefined ? [] : [index]
  })
  return places.flat().sort((one, other) => one - other)
}
