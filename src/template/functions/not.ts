import { isTrue } from '../data/kinds.ts'
import type { TemplateFunction } from './function.ts'

export const not: TemplateFunction = {
  parameters: ['any'],
  call: ([value], run) => !isTrue(value, run),
}
