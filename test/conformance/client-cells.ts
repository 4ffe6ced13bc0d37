import type { Expectations, Judgement } from './expectations.ts'
import type { RequirementSet } from './suite.ts'
import type { Score } from './server-cells.ts'
export const CLIENT_SETS: readonly RequirementSet[] = []
export interface ClientCell extends Judgement {
  readonly set: RequirementSet
  readonly gateway: Score
}
export function runClientCell(_set: RequirementSet, _e: Expectations): Promise<ClientCell> {
  throw new Error()
}
