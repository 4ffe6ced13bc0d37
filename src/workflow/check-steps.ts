import type { Report } from '../schema/cross-check.ts'

interface LooseStep {
  index: number
  id: string | undefined
  value: Record<string, unknown>
}

/** Checks what holds between the steps of one composite tool: ids, dependencies, cycles, default results. */
export function checkSteps(tool: { steps?: unknown; output?: unknown }, report: Report): void {
  const steps = looseSteps(tool.steps)
  checkIds(steps, report)
  checkDependencies(steps, report)
  checkDefaultResults(steps, tool.output, report)
}

function looseSteps(value: unknown): LooseStep[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((step: unknown, index) => {
    if (typeof step !== 'object' || step === null) return []
    const { id } = step as { id?: unknown }
    return [
      {
        index,
        id: typeof id === 'string' ? id : undefined,
        value: flatten(step as Record<string, unknown>),
      },
    ]
  })
}

/** A step that passed its own checks has its fields under `does`. */
function flatten(step: Record<string, unknown>): Record<string, unknown> {
  const does = step['does']
  return typeof does === 'object' && does !== null ? { ...step, ...does } : step
}

function checkIds(steps: LooseStep[], report: Report): void {
  const seen = new Set<string>()
  for (const { id, index } of steps) {
    if (id === undefined) continue
    if (seen.has(id)) report(['steps', index, 'id'], `duplicate step id "${id}"`)
    seen.add(id)
  }
}

function checkDependencies(steps: LooseStep[], report: Report): void {
  const byId = new Map(steps.toReversed().map((step) => [step.id, step]))
  let unknown = false
  for (const step of steps) {
    for (const [index, id] of dependenciesOf(step).entries()) {
      if (byId.has(id)) continue
      unknown = true
      report(['steps', step.index, 'dependsOn', index], `there is no step "${id}"`)
    }
  }
  if (unknown) return
  const cycle = findCycle(steps, byId)
  if (!cycle) return
  const names = cycle.map((step) => step.id).join(' → ')
  report(['steps', cycle[0]?.index ?? 0, 'dependsOn'], `steps depend on each other: ${names}`)
}

function findCycle(
  steps: LooseStep[],
  byId: ReadonlyMap<string | undefined, LooseStep>,
): LooseStep[] | undefined {
  const done = new Set<LooseStep>()
  const visit = (step: LooseStep, path: LooseStep[]): LooseStep[] | undefined => {
    if (done.has(step)) return undefined
    const start = path.indexOf(step)
    if (start >= 0) return [...path.slice(start), step]
    for (const id of dependenciesOf(step)) {
      const next = byId.get(id)
      const cycle = next && visit(next, [...path, step])
      if (cycle) return cycle
    }
    done.add(step)
    return undefined
  }
  for (const step of steps) {
    const cycle = visit(step, [])
    if (cycle) return cycle
  }
  return undefined
}

function dependenciesOf(step: LooseStep): string[] {
  const { dependsOn } = step.value
  return Array.isArray(dependsOn) ? dependsOn.filter((id) => typeof id === 'string') : []
}

/** A field read of a step that may be skipped must be in that step's `defaultResults`. */
function checkDefaultResults(steps: LooseStep[], output: unknown, report: Report): void {
  const templates = [
    ...steps.flatMap(({ value }) => [value['condition'], value['arguments'], value['message']]),
    output,
  ]
  const reads = templates.flatMap((template) => readsOf(template))
  for (const step of steps.filter(mayBeSkipped)) {
    const given = step.value['defaultResults']
    const names = typeof given === 'object' && given !== null ? Object.keys(given) : []
    const wanted = reads.filter(([id]) => id === step.id).map(([, field]) => field)
    for (const field of new Set(wanted)) {
      if (names.includes(field)) continue
      const path = given === undefined ? [] : ['defaultResults']
      report(
        ['steps', step.index, ...path],
        `may be skipped, but .steps.${step.id}.output.${field} is read`,
        `add "${field}" to its defaultResults`,
      )
    }
  }
}

function mayBeSkipped({ value }: LooseStep): boolean {
  const onError = value['onError'] as { action?: unknown } | undefined
  return (
    (typeof value['condition'] === 'string' && value['condition'] !== '') ||
    onError?.action === 'continue'
  )
}

function readsOf(template: unknown, depth = 0): [id: string, field: string][] {
  if (typeof template === 'string') {
    return Array.from(
      template.matchAll(/\.steps\.([A-Za-z_]\w*)\.output\.([A-Za-z_]\w*)/g),
      (match) => [match[1] ?? '', match[2] ?? ''],
    )
  }
  if (typeof template !== 'object' || template === null || depth > 100) return []
  return Object.values(template).flatMap((value) => readsOf(value, depth + 1))
}
