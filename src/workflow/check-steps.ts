import { closest } from '../base/edit-distance.ts'
import type { Finding } from '../schema/finding.ts'
import type { LooseStep } from './loose-steps.ts'
import { findCycle } from './step-graph.ts'

/** Checks that ids are unique, that what `dependsOn` names is there, and that no steps wait for each other. */
export function checkSteps(steps: readonly LooseStep[]): Finding[] {
  const unknown = unknownDependencies(steps)
  return [...duplicateIds(steps), ...unknown, ...(unknown.length > 0 ? [] : cycles(steps))]
}

/** What to do about the name of a step that is not there. */
export function hintForStep(id: string, known: readonly string[]): { hint?: string } {
  if (known.length === 0) return {}
  const meant = closest(id, known)
  return { hint: meant === undefined ? `steps: ${known.join(', ')}` : `did you mean "${meant}"?` }
}

function duplicateIds(steps: readonly LooseStep[]): Finding[] {
  const seen = new Set<string>()
  return steps.flatMap(({ id, index }) => {
    const isSecond = seen.has(id)
    seen.add(id)
    return isSecond ? [{ path: ['steps', index, 'id'], reason: `duplicate step id "${id}"` }] : []
  })
}

function unknownDependencies(steps: readonly LooseStep[]): Finding[] {
  const known = steps.map(({ id }) => id)
  return steps.flatMap((step) => {
    const others = known.filter((id) => id !== step.id)
    return step.dependsOn.flatMap((id, index) => {
      if (known.includes(id)) return []
      const path = ['steps', step.index, 'dependsOn', index]
      return [{ path, reason: `there is no step "${id}"`, ...hintForStep(id, others) }]
    })
  })
}

function cycles(steps: readonly LooseStep[]): Finding[] {
  const cycle = findCycle(steps)
  if (cycle === undefined) return []
  const first = steps.find(({ id }) => id === cycle[0])
  const reason = `steps depend on each other: ${cycle.join(' → ')}`
  return [{ path: ['steps', first?.index ?? 0, 'dependsOn'], reason }]
}
