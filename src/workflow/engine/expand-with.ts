import type { Json, JsonObject } from '../../base/json.ts'
import { evaluateExpression, isSingleExpression, renderTemplate } from '../../template/render.ts'
import type { Template } from '../../template/template.ts'
import { workflowErrors } from '../errors.ts'
import type { Expand } from '../expand-arguments.ts'
import { messageOf } from './message-of.ts'

/** What templates become with this data, which is read as it is when each of them is evaluated. */
export class ExpandWith implements Expand {
  readonly #data: JsonObject

  constructor(data: JsonObject) {
    this.#data = data
  }

  text(template: Template): string {
    return renderTemplate(template, this.#data)
  }

  value(template: Template): Json | undefined {
    if (!isSingleExpression(template)) return undefined
    // JSON in, JSON out.
    return evaluateExpression(template, this.#data) as Json | undefined
  }

  failed(path: string, _template: Template, error: unknown): never {
    throw workflowErrors.ARGUMENT_FAILED({ path, reason: messageOf(error) }, error)
  }
}
