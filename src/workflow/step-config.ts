import { z } from 'zod'
import { crossCheck } from '../schema/cross-check.ts'
import { count, duration, mapOf, text } from '../schema/fields.ts'
import { checkInnerStep, checkStep } from './check-step.ts'
import { objectSchema } from './object-schema.ts'

const TOOL_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/
const IDENTIFIER = /^([A-Za-z_][A-Za-z0-9_]*)?$/
const DEFAULT_RETRY_DELAY_MS = 1000
const DEFAULT_MAX_PARALLEL = 10
const DEFAULT_MAX_ITERATIONS = 100

const toolName = z
  .string()
  .regex(TOOL_NAME, { error: (issue) => `"${issue.input}" is not a tool name` })
  .meta({ description: 'Tool: its final name, or `workload.tool`' })
const templated = mapOf(z.unknown(), 'Arguments; text is a template')

const onError = crossCheck(
  z.strictObject({
    action: z
      .enum(['abort', 'continue', 'retry'])
      .meta({ description: 'What a failure does' })
      .default('abort'),
    retryCount: count('How often to try again; 10 at most have an effect', 0).optional(),
    retryDelay: duration('Wait before the first new try, default 1s', 'positive').optional(),
  }),
  (block, report) => {
    if (block.action !== 'retry') return
    if (typeof block.retryCount === 'number' && block.retryCount >= 1) return
    const { retryCount } = block
    if (retryCount === undefined) report([], 'needs retryCount ≥ 1 for retry')
    else if (typeof retryCount === 'number') {
      report(['retryCount'], `must be at least 1 for retry, not ${retryCount}`)
    }
  },
).transform((v) => ({
  action: v.action,
  retryCount: v.retryCount ?? 0,
  retryDelayMs: v.retryDelay ?? DEFAULT_RETRY_DELAY_MS,
}))

const reaction = z.strictObject({
  action: z
    .enum(['abort', 'continue', 'skip_remaining'])
    .meta({ description: 'What this answer does' }),
})

/** What steps inside and outside of loops share. */
const common = {
  type: z
    .enum(['', 'tool', 'elicitation', 'forEach'])
    .meta({ description: 'Kind of step' })
    .default('tool'),
  tool: toolName.optional(),
  arguments: templated.optional(),
  condition: z.string().meta({ description: 'Run only if this gives true; a template' }).optional(),
  onError: onError.meta({ description: 'What happens when it fails' }).optional(),
  defaultResults: mapOf(z.unknown(), 'Output when the step is skipped or failed').optional(),
  idempotent: z
    .boolean()
    .meta({ description: '(ours) Calling the tool twice does no harm' })
    .default(false),
}

const innerStep = crossCheck(
  z.strictObject({
    id: text('Id of the inner step'),
    ...common,
    timeout: duration('Longest time of one iteration, all its tries').optional(),
    dependsOn: z.array(z.string()).meta({ description: 'Has no effect in a loop' }).optional(),
  }),
  checkInnerStep,
).transform((v) => ({
  ...shared(v),
  dependsOn: [],
  does: { kind: 'tool' as const, tool: v.tool ?? '', arguments: v.arguments ?? {} },
}))

const stepFields = z.strictObject({
  id: text('Id of the step, unique in the tool'),
  ...common,
  dependsOn: z.array(z.string()).meta({ description: 'Ids of steps that come first' }).default([]),
  timeout: duration('Longest time of the step; default 5m, for a loop that of the run').optional(),
  message: text('elicitation: the question; a template').optional(),
  schema: objectSchema('elicitation: JSON Schema of the answer').optional(),
  onDecline: reaction.meta({ description: 'elicitation: when the answer is no' }).optional(),
  onCancel: reaction.meta({ description: 'elicitation: when there is no answer' }).optional(),
  collection: text('forEach: an array, or text that is a JSON array; a template').optional(),
  itemVar: z
    .string()
    .regex(IDENTIFIER, { error: 'must be an identifier' })
    .refine((name) => name !== 'index', { error: 'must not be "index"' })
    .meta({ description: 'forEach: name of the item under .forEach, default item' })
    .optional(),
  maxParallel: count('forEach: iterations at once, default 10', 0, 50).optional(),
  maxIterations: count('forEach: largest collection, default 100', 0, 1000).optional(),
  distribution: z
    .enum(['local', 'fleet'])
    .meta({ description: '(ours) forEach: where iterations run' })
    .optional(),
  step: innerStep.meta({ description: 'forEach: what is done for each item' }).optional(),
})

/** One step of a composite tool. */
export const step = crossCheck(stepFields, checkStep).transform((v) => ({
  ...shared(v),
  dependsOn: v.dependsOn,
  does: toAction(v),
}))

/** One step of a composite tool, checked, with defaults; what it does is told apart by `does.kind`. */
export type StepConfig = z.output<typeof step>

interface Shared {
  readonly id: string
  readonly condition?: string | undefined
  /** In milliseconds; 0 is as good as none. */
  readonly timeout?: number | undefined
  readonly defaultResults?: Record<string, unknown> | undefined
  readonly idempotent: boolean
  readonly onError?: z.output<typeof onError> | undefined
}

function shared(v: Shared) {
  return {
    id: v.id,
    condition: v.condition || undefined,
    timeoutMs: v.timeout || undefined,
    defaultResults: v.defaultResults,
    idempotent: v.idempotent,
    onError: v.onError ?? NO_RETRY,
  }
}

const NO_RETRY = { action: 'abort', retryCount: 0, retryDelayMs: DEFAULT_RETRY_DELAY_MS } as const

function toAction(v: z.output<typeof stepFields>) {
  if (v.type === 'elicitation') {
    return {
      kind: 'elicitation' as const,
      message: v.message ?? '',
      schema: v.schema ?? {},
      onDecline: v.onDecline?.action ?? ('abort' as const),
      onCancel: v.onCancel?.action ?? ('abort' as const),
    }
  }
  if (v.type === 'forEach' && v.step !== undefined) {
    return {
      kind: 'forEach' as const,
      collection: v.collection ?? '',
      itemVar: v.itemVar || 'item',
      maxParallel: v.maxParallel || DEFAULT_MAX_PARALLEL,
      maxIterations: v.maxIterations || DEFAULT_MAX_ITERATIONS,
      distribution: v.distribution ?? ('local' as const),
      step: v.step,
    }
  }
  return { kind: 'tool' as const, tool: v.tool ?? '', arguments: v.arguments ?? {} }
}
