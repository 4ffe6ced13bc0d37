import { isMap, listOf, type LooseMap } from './template-places.ts'
import type { GraphNode } from './step-graph.ts'

/** A step whose fields may be anything. */
export interface LooseStep extends GraphNode {
  /** Its position in the list. */
  readonly index: number
  readonly kind: 'tool' | 'elicitation' | 'forEach'
  readonly value: LooseMap
}

/** The steps of a composite tool that at least have an id. */
export function looseSteps(tool: LooseMap): LooseStep[] {
  return listOf(tool['steps']).flatMap((value, index) => {
    if (!isMap(value) || typeof value['id'] !== 'string') return []
    const { id, type } = value
    const dependsOn = listOf(value['dependsOn']).filter((each) => typeof each === 'string')
    const kind = type === 'elicitation' || type === 'forEach' ? type : 'tool'
    return [{ index, id, kind, dependsOn, value }]
  })
}
