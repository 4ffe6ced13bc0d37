import type { Finding } from '../schema/finding.ts'
import { findDataDependencies, type DataDependency } from './data-dependencies.ts'
import type { LooseStep } from './loose-steps.ts'
import { offsetIn, type ParsedPlace } from './parse-places.ts'
import { findCycle } from './step-graph.ts'

/**
 * Checks that steps wait for what they read. A step that is read without `dependsOn` is waited for all the same: a note where
 * it came first by the order of levels, a warning where nothing said which comes first. What cannot be waited for is an error.
 */
export function checkOrder(steps: readonly LooseStep[], places: readonly ParsedPlace[]): Finding[] {
  if (findCycle(steps) !== undefined) return []
  const reads = places.flatMap((place) =>
    place.references.flatMap((reference) => {
      const [root, id] = reference.path
      return root === 'steps' && id !== undefined ? [{ place, reference, id }] : []
    }),
  )
  const dependencies = findDataDependencies(steps, ({ index }) =>
    reads.filter(({ place }) => place.step === index).map(({ id }) => id),
  )
  return dependencies.flatMap((dependency) => {
    const index = steps.find(({ id }) => id === dependency.step)?.index
    const first = reads.find(({ place, id }) => place.step === index && id === dependency.of)
    if (first === undefined) return []
    const offset = offsetIn(first.place, first.reference)
    return [{ path: first.place.path, offset, ...explain(dependency) }]
  })
}

function explain({ step, of, how }: DataDependency): Pick<Finding, 'reason' | 'hint' | 'severity'> {
  if (step === of) return { reason: `step "${step}" reads its own result` }
  if (how === 'cycle') {
    return { reason: `step "${of}" waits for "${step}", so its result cannot be read here` }
  }
  return {
    reason: `step "${of}" is read, but dependsOn does not name it; it is waited for all the same`,
    hint: `add "${of}" to dependsOn of "${step}"`,
    severity: how === 'earlier' ? 'note' : 'warning',
  }
}
