import { z } from 'zod'
import { count, duration, text } from '../schema/fields.ts'
import { toolAnnotations } from '../schema/tool-annotations.ts'
import { objectSchema } from './object-schema.ts'
import { output } from './output-config.ts'
import { step } from './step-config.ts'

/** One composite tool, as far as each field goes; `checkDefinition` checks what holds between them. */
export const compositeTool = z
  .strictObject({
    name: text('Name clients see'),
    description: text('Description clients see'),
    parameters: objectSchema('JSON Schema of the arguments').optional(),
    timeout: duration('Longest run; 0 = none').prefault('30m'),
    maxParallel: count(
      '(ours) Steps of one run at once; iterations of loops do not count',
      1,
      100,
    ).default(10),
    steps: z.array(step).min(1).max(100).meta({ description: 'The steps' }),
    output: output.meta({ description: 'The result; default: that of the last step' }).optional(),
    annotations: toolAnnotations.optional(),
  })
  .transform(({ timeout, ...v }) => ({ ...v, timeoutMs: timeout }))

/** One composite tool, checked, with defaults; times in milliseconds. */
export type CompositeToolConfig = z.output<typeof compositeTool>

/** `compositeTools`. */
export const compositeTools = z
  .array(compositeTool)
  .check(checkToolNames)
  .meta({ description: 'Workflows that look like tools' })

/** The kind of a manifest that `compositeToolRefs` name. */
export const MANIFEST_KIND = 'VirtualMCPCompositeToolDefinition'

/** A composite tool as a manifest of Kubernetes. Its name as a tool is `spec.name`. */
export const compositeToolManifest = z.strictObject({
  apiVersion: z.enum(['toolhive.stacklok.dev/v1alpha1', 'toolhive.stacklok.dev/v1beta1']),
  kind: z.literal(MANIFEST_KIND),
  metadata: z.looseObject({ name: text('What compositeToolRefs call it') }),
  spec: compositeTool,
  status: z.unknown().optional(),
})

function checkToolNames(ctx: { value: unknown; issues: z.core.$ZodRawIssue[] }): void {
  const seen = new Set<unknown>()
  for (const [index, tool] of (Array.isArray(ctx.value) ? ctx.value : []).entries()) {
    const name = (tool as { name?: unknown } | null)?.name
    if (typeof name === 'string' && seen.has(name)) {
      const message = `duplicate composite tool name "${name}"`
      ctx.issues.push({ code: 'custom', path: [index, 'name'], input: name, message })
    }
    seen.add(name)
  }
}
