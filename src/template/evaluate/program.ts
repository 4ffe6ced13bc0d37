import type { Evaluate, Execute } from './run.ts'

/** A compiled template. */
export interface Program {
  readonly root: Execute
  readonly definitions: ReadonlyMap<string, Execute>
  /** When the template is one expression and nothing else. `null` stays `null`. */
  readonly expression: Evaluate | undefined
}
