import { defineErrors } from '../base/errors.ts'
import type { Position } from './syntax/position.ts'

/** Where in the text of the template (1-based; the column counts UTF-16 units), and what is wrong there. */
export interface TemplateFailure extends Position {
  reason: string
}

/** What can be wrong with a template: its text, what it does with the data, how much it writes, how long it works. */
export const templateErrors = defineErrors('TEMPLATE', {
  SYNTAX: {
    fault: 'caller',
    status: 400,
    message: (d: TemplateFailure) =>
      `Cannot read the template at ${d.line}:${d.column}: ${d.reason}`,
    hint: () => 'Templates are written as in Go: https://pkg.go.dev/text/template',
  },
  FAILED: {
    fault: 'caller',
    status: 422,
    message: (d: TemplateFailure) =>
      `Cannot render the template at ${d.line}:${d.column}: ${d.reason}`,
    hint: () => 'Look at the data with {{json .}}, or guard the value with {{if}} or {{with}}',
  },
  TOO_LARGE: {
    fault: 'caller',
    status: 422,
    message: (d: TemplateFailure & { maxOutputBytes: number }) =>
      `Cannot render the template at ${d.line}:${d.column}: its text would exceed ${d.maxOutputBytes} bytes`,
    hint: () => 'Render less: choose fields instead of whole values, or slice the list',
  },
  TOO_LONG: {
    fault: 'caller',
    status: 422,
    message: (d: TemplateFailure & { maxSteps: number }) =>
      `Cannot render the template at ${d.line}:${d.column}: it does not end within ${d.maxSteps} steps`,
    hint: () => 'Range over less, or do not nest ranges over large lists',
  },
})
