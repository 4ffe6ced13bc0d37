import type { JsonObject } from '../../base/json.ts'
import type { WorkflowPlan } from '../plan.ts'
import { readCollection } from './collection.ts'
import { loopOutput, type IterationEnd } from './loop-output.ts'
import type { RunRecord } from './run-record.ts'
import type { RunScope } from './run-scope.ts'
import { fromEntry } from './step-records.ts'

/** Takes over the steps that ended in earlier lives of the run, each after those it depends on. */
export function restoreSteps(scope: RunScope, record: RunRecord, order: readonly number[]): void {
  for (const place of order) {
    const { id } = scope.plan.steps[place]!
    const entry = scope.recovered?.steps.get(id)?.end
    if (entry === undefined) continue
    const ended = fromEntry(entry)
    const end = ended.status === 'unknown' ? { ...ended, ...unknownIterations(scope, id) } : ended
    const output = entry.output === undefined ? rebuildLoop(scope, place) : undefined
    record.restore(place, output === undefined ? end : { ...end, output })
  }
}

/** The output of a loop from its iterations and its collection, which is rendered again from what came before. */
function rebuildLoop(scope: RunScope, place: number): JsonObject | undefined {
  const step = scope.plan.steps[place]!
  if (step.does.kind !== 'forEach') return undefined
  const read = readCollection(step.does, scope.data.root)
  if ('error' in read) return step.defaultResults
  const ends = new Array<IterationEnd | undefined>(read.items.length).fill(undefined)
  for (const [index, { end }] of scope.recovered?.steps.get(step.id)?.items ?? []) ends[index] = end
  return loopOutput(step.does, read.items, ends)
}

/** Of a loop: which iterations it is that nobody knows of. */
function unknownIterations({ recovered }: RunScope, step: string) {
  const items = [...(recovered?.steps.get(step)?.items ?? [])]
  const iterations = items.flatMap(([index, { end }]) => (end?.unknown === true ? [index] : []))
  const [iteration] = iterations
  return iteration === undefined ? undefined : { iteration, iterations }
}

/** The places of the steps, each after those it depends on; else as in the file. */
export function dependencyOrder(dependencies: readonly (readonly number[])[]): number[] {
  const order: number[] = []
  const seen = new Set<number>()
  const visit = (place: number): void => {
    if (seen.has(place)) return
    seen.add(place)
    for (const before of dependencies[place]!) visit(before)
    order.push(place)
  }
  for (const place of dependencies.keys()) visit(place)
  return order
}

/** For every step the places of those it waits for. */
export function dependenciesOf({ steps }: WorkflowPlan): number[][] {
  const places = new Map(steps.map((step, place) => [step.id, place]))
  return steps.map(({ dependsOn }) => [...new Set(dependsOn)].flatMap((id) => places.get(id) ?? []))
}
