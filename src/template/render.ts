import type { AppError } from '../base/errors.ts'
import { fromData, isNumber, type Value } from './data/kinds.ts'
import { templateErrors } from './errors.ts'
import { type Execute, Run } from './evaluate/run.ts'
import { LimitReached, Refusal, type RenderLimits } from './limits.ts'
import { toJsonNumber } from './numbers/number.ts'
import { positionAt } from './syntax/position.ts'
import type { Template } from './template.ts'
import { toText } from './text/go-string.ts'
import type { TemplateData, TemplateValue } from './values.ts'

const MAX_OUTPUT_BYTES = 10 * 1024 * 1024
const MAX_STEPS = 1_000_000

/**
 * The text a template makes of the data. Throws TEMPLATE_FAILED when the template cannot be applied to this data,
 * TEMPLATE_TOO_LARGE and TEMPLATE_TOO_LONG at a limit; each with the place and the reason.
 */
export function renderTemplate(
  template: Template,
  data: TemplateData,
  limits: RenderLimits = {},
): string {
  const run = start(template, limits)
  attempt(template, run, limits, () => execute(run, template.program().root, rootOf(data)))
  return toText(run.output)
}

/** Whether the template is one expression, whose value `evaluateExpression` gives. Space that trim markers take away is nothing. */
export function isSingleExpression(template: Template): boolean {
  return template.program().expression !== undefined
}

/**
 * The value of a template that is one expression, with its JSON type; `undefined` when there is none, which would be
 * rendered as `<no value>`. Large integers are what `parseJson` makes of them. Throws what `renderTemplate` throws.
 */
export function evaluateExpression(
  template: Template,
  data: TemplateData,
  limits: RenderLimits = {},
): TemplateValue | undefined {
  const { expression } = template.program()
  if (!expression) {
    throw templateErrors.FAILED({ line: 1, column: 1, reason: 'it is not a single expression' })
  }
  const run = start(template, limits)
  const root = rootOf(data)
  let value: Value
  attempt(template, run, limits, () => {
    run.declare('$', root)
    value = expression(run, root)
  })
  return forOthers(value)
}

function start(template: Template, { maxOutputBytes, maxSteps }: RenderLimits): Run {
  return new Run({
    definitions: template.program().definitions,
    maxOutputBytes: maxOutputBytes ?? MAX_OUTPUT_BYTES,
    maxSteps: maxSteps ?? MAX_STEPS,
  })
}

function execute(run: Run, root: Execute, data: Value): void {
  run.declare('$', data)
  root(run, data)
}

/** `null` as the whole of the data is no value, other than `null` in it. */
function rootOf(data: TemplateData): Value {
  return fromData(data) ?? undefined
}

function attempt(template: Template, run: Run, limits: RenderLimits, act: () => void): void {
  try {
    act()
  } catch (error) {
    throw failureOf(error, template, run, limits) ?? error
  }
}

function failureOf(
  error: unknown,
  { source }: Template,
  { at }: Run,
  { maxOutputBytes = MAX_OUTPUT_BYTES, maxSteps = MAX_STEPS }: RenderLimits,
): AppError | undefined {
  if (error instanceof Refusal) {
    return templateErrors.FAILED({ ...positionAt(source, at), reason: error.message })
  }
  // Should a caller's own stack be deep already.
  if (error instanceof RangeError) {
    const reason = 'templates or data are nested too deeply'
    return templateErrors.FAILED({ ...positionAt(source, at), reason })
  }
  if (!(error instanceof LimitReached)) return undefined
  const place = { ...positionAt(source, at), reason: 'a limit was reached' }
  return error.limit === 'maxSteps'
    ? templateErrors.TOO_LONG({ ...place, maxSteps })
    : templateErrors.TOO_LARGE({ ...place, maxOutputBytes })
}

/** No bigint and no half letters: what the rest of the product knows. */
function forOthers(value: Value): TemplateValue | undefined {
  if (typeof value === 'string') return toText(value)
  // A number that `parseJson` keeps counts as any JSON value (see base/json.ts).
  return (isNumber(value) ? toJsonNumber(value) : value) as TemplateValue | undefined
}
