import { typeName } from '../data/kinds.ts'
import { Refusal } from '../limits.ts'
import type { TemplateFunction } from './function.ts'

/** Calls a function in the data, of which JSON has none. */
export const call: TemplateFunction = {
  parameters: ['any'],
  takesMore: true,
  call: ([value]) => {
    throw new Refusal(`cannot call a value of type ${typeName(value)}: data holds no functions`)
  },
}
