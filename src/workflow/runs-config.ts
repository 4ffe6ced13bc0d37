import { z } from 'zod'
import type { DeepReadonly } from '../base/deep-readonly.ts'
import { count, duration } from '../schema/fields.ts'

/** `workflows` (ours): what is kept of the runs of composite tools. */
export const workflows = z
  .strictObject({
    keepRuns: duration('How long ended runs can be looked at', 'positive').prefault('24h'),
    maxRuns: count('Runs under way at once, and ended ones that are kept', 1).default(1000),
    maxRunBytes: count(
      'Journal of one run; beyond it, results of steps are left out',
      1024,
    ).default(16 * 1024 * 1024),
  })
  .transform(({ keepRuns, ...v }) => ({ ...v, keepRunsMs: keepRuns }))

/** `workflows`, checked, with defaults; times in milliseconds. */
export type WorkflowsConfig = DeepReadonly<z.output<typeof workflows>>
