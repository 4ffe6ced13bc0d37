import { parseDefinition } from '../../src/workflow/compile-plan.ts'
import type { WorkflowPlan } from '../../src/workflow/plan.ts'

const CHAIN_STEPS = 20
export const LOOP_ITEMS = 1000
export const LOOP_PARALLEL = 50

/** Twenty steps, each of which reads the one before. */
export function chainPlan(): WorkflowPlan {
  const steps = Array.from({ length: CHAIN_STEPS }, (_, n) => ({
    id: `s${n}`,
    tool: 'small',
    ...(n === 0 ? {} : { dependsOn: [`s${n - 1}`] }),
    arguments: { n: n === 0 ? '{{.params.n}}' : `{{.steps.s${n - 1}.output.n}}`, where: 'step' },
  }))
  return parseDefinition({ name: 'chain', description: 'a chain', steps })
}

/** A loop over a thousand items, fifty at once. */
export function loopPlan(): WorkflowPlan {
  const loop = {
    id: 'loop',
    type: 'forEach',
    collection: '{{.params.list}}',
    maxParallel: LOOP_PARALLEL,
    maxIterations: LOOP_ITEMS,
    step: { id: 'one', tool: 'small', arguments: { n: '{{.forEach.item.n}}' } },
  }
  return parseDefinition({ name: 'loop', description: 'a loop', steps: [loop] })
}

/** A call, a question, a call. */
export function askingPlan(): WorkflowPlan {
  const schema = { type: 'object', properties: { sure: { type: 'boolean' } } }
  const steps = [
    { id: 'before', tool: 'small' },
    { id: 'ask', type: 'elicitation', dependsOn: ['before'], message: 'Sure?', schema },
    { id: 'after', tool: 'small', dependsOn: ['ask'] },
  ]
  return parseDefinition({ name: 'asking', description: 'asks', steps })
}

export const CHAIN_LENGTH = CHAIN_STEPS
