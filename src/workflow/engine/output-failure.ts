import { referencesOf } from '../../template/references.ts'
import type { ConvertedOutput } from '../convert-output.ts'
import type { RunFailure } from '../outcome.ts'
import type { WorkflowPlan } from '../plan.ts'
import type { StepEnd } from './step-end.ts'

type Failed = Extract<ConvertedOutput, { ok: false }>

/** Why the result of a run could not be made; often what it reads is of a step that failed, though the run went on. */
export function outputFailure(
  { steps }: WorkflowPlan,
  ends: readonly (StepEnd | undefined)[],
  { property, reason, template }: Failed,
): RunFailure {
  const message = `output "${property}" ${reason}`
  const read = new Set(
    (template === undefined ? [] : referencesOf(template)).flatMap(({ path: [root, id, field] }) =>
      root === 'steps' && (field === 'output' || field === 'content') ? id : [],
    ),
  )
  for (const [place, { id }] of steps.entries()) {
    const end = ends[place]
    if (!read.has(id) || end?.status !== 'failed') continue
    const { error, tries } = end
    return { message: `${message}, because step "${id}" failed: ${error}`, step: id, tries }
  }
  return { message }
}
