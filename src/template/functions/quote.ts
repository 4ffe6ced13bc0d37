import { quote } from '../text/quote.ts'
import type { TemplateFunction } from './function.ts'

/** A text as a Go string literal. */
export const quoted: TemplateFunction = {
  parameters: ['text'],
  call: ([text], run) => run.made(quote(text as string)),
}
