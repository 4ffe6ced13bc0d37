import type { Finding } from '../schema/finding.ts'
import type { LooseStep } from './loose-steps.ts'
import { isMap, type TemplatePlace } from './template-places.ts'

/**
 * A field read of a step that may be skipped must be in that step's `defaultResults`. Where only a loop reads it, that is a
 * warning.
 */
export function checkDefaultResults(
  steps: readonly LooseStep[],
  places: readonly TemplatePlace[],
): Finding[] {
  const reads = places.flatMap((place) =>
    readsOf(place.source).map((read) => ({ ...read, strict: isStrict(place) })),
  )
  return steps.filter(mayBeSkipped).flatMap((step) => {
    const given = step.value['defaultResults']
    const names = isMap(given) ? Object.keys(given) : []
    const missing = reads.filter(({ id, field }) => id === step.id && !names.includes(field))
    return [...new Set(missing.map(({ field }) => field))].map((field): Finding => {
      const strict = missing.some((read) => read.field === field && read.strict)
      return {
        path: ['steps', step.index, ...(given === undefined ? [] : ['defaultResults'])],
        reason: `may be skipped, but .steps.${step.id}.output.${field} is read`,
        hint: `add "${field}" to its defaultResults`,
        severity: strict ? 'error' : 'warning',
      }
    })
  })
}

function isStrict({ role, itemVar }: TemplatePlace): boolean {
  return role !== 'collection' && itemVar === undefined
}

/**
 * A loop that goes on after failures of iterations is completed, not failed: it has its output. Without a collection that it can
 * go through it fails all the same; then the run says so where that is read.
 */
function mayBeSkipped({ kind, value }: LooseStep): boolean {
  const { condition, onError } = value
  if (typeof condition === 'string' && condition !== '') return true
  return kind !== 'forEach' && isMap(onError) && onError['action'] === 'continue'
}

function readsOf(source: string): { id: string; field: string }[] {
  const matches = source.matchAll(/\.steps\.([A-Za-z_]\w*)\.output\.([A-Za-z_]\w*)/g)
  return Array.from(matches, ([, id = '', field = '']) => ({ id, field }))
}
