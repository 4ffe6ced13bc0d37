import type { Value } from '../data/kinds.ts'
import { sprintf } from '../format/printf.ts'
import { printed } from '../format/values.ts'
import { type Budget, BYTES_COST, LimitReached } from '../limits.ts'
import { rejoin } from '../text/go-string.ts'
import type { TemplateFunction } from './function.ts'

/** The values one after the other, a space between two that are no texts. */
export const print: TemplateFunction = {
  parameters: [],
  takesMore: true,
  call: (values, run) => run.made(sprint(values, run)),
}

/** The values with spaces between them and a line break behind. */
export const println: TemplateFunction = {
  parameters: [],
  takesMore: true,
  call: (values, run) => run.made(joined(values, run, (i) => (i === 0 ? '' : ' ')) + '\n'),
}

/** The values put into a format, with Go's verbs. */
export const printf: TemplateFunction = {
  parameters: ['text'],
  takesMore: true,
  call: ([format, ...values], run) => {
    run.work((format as string).length)
    return run.made(whole(sprintf(format as string, values, run), run))
  },
}

/** What `print` makes of values. */
export function sprint(values: readonly Value[], budget: Budget): string {
  const isText = (i: number): boolean => typeof values[i] === 'string'
  return joined(values, budget, (i) => (i === 0 || isText(i) || isText(i - 1) ? '' : ' '))
}

function joined(
  values: readonly Value[],
  budget: Budget,
  separatorBefore: (i: number) => string,
): string {
  let text = ''
  values.forEach((value, i) => {
    text += separatorBefore(i) + printed(value, budget)
    if (text.length > budget.maxOutputBytes) throw new LimitReached('maxOutputBytes')
  })
  return whole(text, budget)
}

/** Halves of letters that came together are letters again. */
function whole(text: string, budget: Budget): string {
  if (text.isWellFormed()) return text
  budget.work(text.length * BYTES_COST)
  return rejoin(text)
}
