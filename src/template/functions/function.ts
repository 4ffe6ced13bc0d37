import type { Value } from '../data/kinds.ts'
import type { Run } from '../evaluate/run.ts'

/** A function of templates; the arguments fit its parameters. */
export interface TemplateFunction {
  readonly parameters: readonly ('any' | 'text')[]
  /** Any number of further arguments of any kind. */
  readonly takesMore?: boolean
  call(values: readonly Value[], run: Run): Value
}
