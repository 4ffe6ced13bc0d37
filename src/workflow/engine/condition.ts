import type { JsonObject } from '../../base/json.ts'
import type { Template } from '../../template/template.ts'
import { messageOf } from './message-of.ts'
import { ExpandWith } from './expand-with.ts'

const YES = new Set(['true', 'True', 'TRUE'])
const NO = new Set(['false', 'False', 'FALSE'])
const RUNS = { runs: true } as const

/** Whether a step runs; an error when the template does not give exactly a truth value. Absent: it runs. */
export function checkCondition(
  condition: Template | undefined,
  data: JsonObject,
): { readonly runs: boolean } | { readonly error: string } {
  if (condition === undefined) return RUNS
  try {
    const text = new ExpandWith(data).text(condition)
    if (YES.has(text)) return RUNS
    if (NO.has(text)) return { runs: false }
    const shown = JSON.stringify(text.slice(0, 100))
    return { error: `its condition gave ${shown}, which is neither true nor false` }
  } catch (error) {
    return { error: `cannot evaluate its condition: ${messageOf(error)}` }
  }
}
