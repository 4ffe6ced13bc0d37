import type { Json, JsonObject } from '../../base/json.ts'
import { evaluateExpression, isSingleExpression, renderTemplate } from '../../template/render.ts'
import type { Expand } from '../expand-arguments.ts'

/** What templates become with this data, which is read as it is when each of them is evaluated. */
export function expandWith(data: JsonObject): Expand {
  return {
    text: (template) => renderTemplate(template, data),
    value: (template) => {
      if (!isSingleExpression(template)) return undefined
      // JSON in, JSON out.
      return evaluateExpression(template, data) as Json | undefined
    },
  }
}
