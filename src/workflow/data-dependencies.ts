import { referencesOf } from '../template/references.ts'
import type { Template } from '../template/template.ts'
import type { PlannedMap, PlannedStep, PlannedValue } from './plan.ts'
import { levelsOf, upstreamOf, type GraphNode } from './step-graph.ts'

/** A step that reads the result of another without waiting for it. */
export interface DataDependency {
  readonly step: string
  readonly of: string
  /** `earlier`: it came first all the same, by the order of levels. `cycle`: it cannot wait, the other waits for it. */
  readonly how: 'earlier' | 'unordered' | 'cycle'
}

/** Lets every step of a plan wait for the steps whose results it reads. */
export function withDataDependencies(steps: readonly PlannedStep[]): { steps: PlannedStep[] } {
  const found = findDataDependencies(steps, (step) => stepsReadBy(templatesOf(step)))
  return {
    steps: steps.map((step) => {
      const added = found.filter(({ step: id, how }) => id === step.id && how !== 'cycle')
      if (added.length === 0) return step
      return { ...step, dependsOn: [...step.dependsOn, ...added.map(({ of }) => of)] }
    }),
  }
}

/** The dependencies that templates have and `dependsOn` does not say. What was found before counts as said. */
export function findDataDependencies<Node extends GraphNode>(
  nodes: readonly Node[],
  readsOf: (node: Node) => Iterable<string>,
): DataDependency[] {
  const levels = levelsOf(nodes)
  const graph = new Map<string, { id: string; dependsOn: string[] }>()
  for (const { id, dependsOn } of nodes) graph.set(id, { id, dependsOn: [...dependsOn] })
  const found: DataDependency[] = []
  for (const node of nodes) {
    const current = graph.get(node.id)
    for (const of of new Set(readsOf(node))) {
      if (current === undefined || !graph.has(of)) continue
      const all = [...graph.values()]
      if (of !== node.id && upstreamOf(node.id, all).has(of)) continue
      if (of === node.id || upstreamOf(of, all).has(node.id)) {
        found.push({ step: node.id, of, how: 'cycle' })
        continue
      }
      current.dependsOn.push(of)
      const earlier = (levels.get(of) ?? 0) < (levels.get(node.id) ?? 0)
      found.push({ step: node.id, of, how: earlier ? 'earlier' : 'unordered' })
    }
  }
  return found
}

/** The ids of the steps that templates read. */
export function stepsReadBy(templates: readonly Template[]): Set<string> {
  const paths = templates.flatMap((template) => referencesOf(template).map(({ path }) => path))
  return new Set(paths.flatMap(([root, id]) => (root === 'steps' && id !== undefined ? [id] : [])))
}

function templatesOf({ condition, does }: PlannedStep): Template[] {
  const own = condition === undefined ? [] : [condition]
  if (does.kind === 'tool') return [...own, ...templatesIn(does.arguments)]
  if (does.kind === 'elicitation') return [...own, does.message]
  return [...own, does.collection, ...templatesOf(does.step)]
}

function templatesIn(value: PlannedValue | PlannedMap): Template[] {
  if (value.kind === 'template') return [value.template]
  if (value.kind === 'list') return value.items.flatMap(templatesIn)
  return value.kind === 'map' ? [...value.entries.values()].flatMap(templatesIn) : []
}
