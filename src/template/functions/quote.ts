import { QUOTE_COST } from '../limits.ts'
import { quote } from '../text/quote.ts'
import type { TemplateFunction } from './function.ts'

/** A text as a Go string literal. */
export const quoted: TemplateFunction = {
  parameters: ['text'],
  call: ([text], run) => {
    run.work((text as string).length * QUOTE_COST)
    return run.made(quote(text as string))
  },
}
