import type { ToolAnnotations } from '../schema/tool-annotations.ts'
import type { PlannedStep, WorkflowPlan } from './plan.ts'

/** The hints clients see, or those that claim more than the steps allow. */
export type DerivedHints =
  | { readonly ok: true; readonly hints: ToolAnnotations }
  | { readonly ok: false; readonly conflicts: readonly HintConflict[] }

/** An explicit hint that makes a composite tool look safer than its steps are. */
export interface HintConflict {
  readonly hint: 'readOnlyHint' | 'destructiveHint' | 'openWorldHint'
  readonly explicit: boolean
  readonly derived: boolean
  /** The tools of the steps that are less safe. */
  readonly because: readonly string[]
}

/**
 * Derives the hints of a composite tool from the tools of its steps: it is read-only when all are, destructive or open-world
 * when one is; an unknown tool, and one that does not say, counts as unsafe, as the protocol has it. Explicit hints go
 * before, field by field, but none may claim to be safer. Whether calling twice does harm is never derived. Without tool
 * steps nothing is.
 * @param hintsOfTool The annotations of a tool, undefined when it is not known.
 */
export function deriveHints(
  plan: Pick<WorkflowPlan, 'annotations' | 'steps'>,
  hintsOfTool: (tool: string) => ToolAnnotations | undefined,
): DerivedHints {
  const explicit = plan.annotations ?? {}
  const tools = [...new Set(toolsOf(plan.steps))]
  if (tools.length === 0) return { ok: true, hints: explicit }
  const unsafe = UNSAFE.map((rule) => ({
    ...rule,
    because: tools.filter((tool) => rule.isUnsafe(hintsOfTool(tool) ?? {})),
  }))
  const conflicts = unsafe.flatMap(({ hint, unsafeValue, because }): HintConflict[] =>
    because.length > 0 && explicit[hint] === !unsafeValue
      ? [{ hint, explicit: !unsafeValue, derived: unsafeValue, because }]
      : [],
  )
  if (conflicts.length > 0) return { ok: false, conflicts }
  const derived = Object.fromEntries(
    unsafe.map(({ hint, unsafeValue, because }) => [
      hint,
      because.length > 0 ? unsafeValue : !unsafeValue,
    ]),
  )
  return { ok: true, hints: { ...derived, ...explicit } }
}

/** The tools that steps call, inner ones included, in the order of the file. */
export function toolsOf(steps: readonly PlannedStep[]): string[] {
  return steps.flatMap(({ does }) => {
    if (does.kind === 'tool') return [does.tool]
    return does.kind === 'forEach' ? [does.step.does.tool] : []
  })
}

/** Defaults are those of the protocol: not read-only, destructive, open-world. What is read-only destroys nothing. */
const UNSAFE = [
  {
    hint: 'readOnlyHint',
    unsafeValue: false,
    isUnsafe: (hints: ToolAnnotations) => hints.readOnlyHint !== true,
  },
  {
    hint: 'destructiveHint',
    unsafeValue: true,
    isUnsafe: (hints: ToolAnnotations) =>
      hints.readOnlyHint !== true && hints.destructiveHint !== false,
  },
  {
    hint: 'openWorldHint',
    unsafeValue: true,
    isUnsafe: (hints: ToolAnnotations) => hints.openWorldHint !== false,
  },
] as const
