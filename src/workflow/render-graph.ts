import { toDurationText } from '../base/duration.ts'
import type { PlannedStep, WorkflowPlan } from './plan.ts'

/** Draws what a composite tool does: as lines for a terminal, or as a Mermaid flowchart. Ends with a line break. */
export function renderGraph(plan: WorkflowPlan, format: 'text' | 'mermaid'): string {
  const lines = format === 'text' ? textLines(plan) : mermaidLines(plan)
  return `${lines.join('\n')}\n`
}

/** The steps in the order in which they can start; of those that can start together, in the order of the file. */
export function startOrder(steps: readonly PlannedStep[]): PlannedStep[] {
  const ordered: PlannedStep[] = []
  const done = new Set<string>()
  let left = [...steps]
  while (left.length > 0) {
    const ready = left.filter((step) => step.dependsOn.every((id) => done.has(id)))
    // Plans have no cycles; this keeps the function total.
    if (ready.length === 0) return [...ordered, ...left]
    ordered.push(...ready)
    for (const step of ready) done.add(step.id)
    left = left.filter((step) => !ready.includes(step))
  }
  return ordered
}

function textLines(plan: WorkflowPlan): string[] {
  const limit = plan.timeoutMs === 0 ? 'no time limit' : `at most ${toDurationText(plan.timeoutMs)}`
  const width = Math.max(...plan.steps.map((step) => step.id.length))
  const lines = startOrder(plan.steps).map((step) => {
    const parts = [deed(step), ...remarks(step)]
    const after = step.dependsOn.length === 0 ? '' : ` ← ${step.dependsOn.join(', ')}`
    return `  ${step.id.padEnd(width)}  ${parts.join(' · ')}${after}`
  })
  return [`${plan.name} (${limit})`, ...lines]
}

function mermaidLines(plan: WorkflowPlan): string[] {
  const names = new Map(plan.steps.map((step, index) => [step.id, `s${index}`]))
  const nodes = plan.steps.map((step) => {
    const label = [step.id, deed(step), ...remarks(step)].map(escape).join('<br/>')
    const [open, close] = SHAPES[step.does.kind]
    return `  ${names.get(step.id)}${open}"${label}"${close}`
  })
  const edges = plan.steps.flatMap((step) =>
    step.dependsOn.map((id) => `  ${names.get(id)} --> ${names.get(step.id)}`),
  )
  return ['flowchart TD', ...nodes, ...edges]
}

const SHAPES = {
  tool: ['[', ']'],
  elicitation: ['{{', '}}'],
  forEach: ['[[', ']]'],
} as const

function deed({ does }: PlannedStep): string {
  if (does.kind === 'tool') return does.tool
  if (does.kind === 'elicitation') return 'asks the caller'
  const spread = does.distribution === 'fleet' ? ' of the fleet' : ''
  const bounds = `${does.maxParallel} at once${spread}, at most ${does.maxIterations}`
  return `for each ${does.itemVar}: ${does.step.does.tool} (${bounds})`
}

function remarks(step: PlannedStep): string[] {
  const { action, retryCount } = step.onError
  return [
    ...(step.condition === undefined ? [] : [`if ${step.condition.source}`]),
    ...(step.timeoutMs === undefined ? [] : [`within ${toDurationText(step.timeoutMs)}`]),
    ...(action === 'continue' ? ['goes on after a failure'] : []),
    ...(action === 'retry' ? [`up to ${retryCount} more tries`] : []),
  ]
}

/** Mermaid takes entities in place of what would end a label or be markup. */
function escape(text: string): string {
  return text
    .replaceAll('#', '#35;')
    .replaceAll('"', '#quot;')
    .replaceAll('<', '#lt;')
    .replaceAll('>', '#gt;')
    .replaceAll(/\s+/g, ' ')
}
