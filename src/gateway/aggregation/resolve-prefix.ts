import type { ResolveConflicts } from './conflicts.ts'
import { prefixOf } from './settings.ts'

/** `prefix` (vmcp 5.2): every name gets the prefix, conflict or not. An empty `prefixFormat` (ours) adds nothing. */
export const resolvePrefix: ResolveConflicts = (candidates, settings) =>
  candidates
    .map((candidate) => ({
      candidate,
      name:
        prefixOf(settings.conflictResolutionConfig.prefixFormat, candidate.backend) +
        candidate.name,
    }))
    // A collision must not let a hidden tool take the place of one that clients see.
    .sort((a, b) => Number(b.candidate.visible) - Number(a.candidate.visible))
