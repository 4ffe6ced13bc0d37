import type { z } from 'zod'
import { explainIssue } from './explain-issue.ts'
import { locate, type Finding } from './finding.ts'
import { byPosition, renderPath, type Problem } from './problem.ts'
import type { SourceDocument } from './source-document.ts'

/** The value with defaults, or every mistake that was found. */
export type Checked<Value> =
  | ({ readonly ok: true; readonly value: Value } & CheckedInput)
  | ({ readonly ok: false; readonly problems: readonly Problem[] } & CheckedInput)

interface CheckedInput {
  /** What was checked: the document without empty values, and with text where text is wanted. */
  readonly input: unknown
}

const MAX_PASSES = 64

/**
 * Checks a document against a schema and reports all mistakes at once, each at its position. As YAML users expect it, an
 * empty value (`key:`) counts as absent, and a number or a boolean where text is wanted is taken as it is written.
 */
export function checkWithSchema<Schema extends z.ZodType>(
  schema: Schema,
  document: SourceDocument,
): Checked<z.output<Schema>> {
  const value = structuredClone(document.value)
  let result = schema.safeParse(value)
  for (let pass = 0; pass < MAX_PASSES && !result.success; pass++) {
    if (!adaptScalars(value, result.error.issues, document)) break
    result = schema.safeParse(value)
  }
  if (result.success) return { ok: true, value: result.data, input: value }
  const findings = result.error.issues.flatMap((issue) => explainIssue(issue, schema, value))
  const problems = withoutEchoes(findings).map((finding) => locate(finding, document))
  return { ok: false, problems: problems.toSorted(byPosition), input: value }
}

/** A misspelt key is one mistake: that the key it should be is missing goes without saying. */
function withoutEchoes(findings: Finding[]): Finding[] {
  const meant = new Set(
    findings.flatMap(({ path, meantKey }) =>
      meantKey === undefined ? [] : [renderPath([...path.slice(0, -1), meantKey])],
    ),
  )
  return findings.filter(({ path, missing }) => missing !== true || !meant.has(renderPath(path)))
}

/** Adapts the values that issues complain about, where YAML means the same; true if anything changed. */
function adaptScalars(
  root: unknown,
  issues: z.core.$ZodIssue[],
  document: SourceDocument,
): boolean {
  let changed = false
  for (const issue of issues) {
    const parent = valueAt(root, issue.path.slice(0, -1))
    const key = issue.path.at(-1)
    if (key === undefined || !isContainer(parent) || !Object.hasOwn(parent, key)) continue
    const value = parent[key]
    if (value === null && !Array.isArray(parent)) {
      delete parent[key]
      changed = true
    } else if (wantsText(issue) && (typeof value === 'number' || typeof value === 'boolean')) {
      parent[key] = document.sourceOf(issue.path) ?? String(value)
      changed = true
    }
  }
  return changed
}

function wantsText(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' && issue.expected === 'string'
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root
  for (const part of path) {
    if (!isContainer(value) || !Object.hasOwn(value, part)) return undefined
    value = value[part]
  }
  return value
}

function isContainer(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null
}
