import type { WorkloadTools } from '../config.ts'
import type { AggregationConfig } from '../config.ts'

/** A tool before and after its override. */
export interface NamePair {
  readonly nativeName: string
  readonly overriddenName: string
}

/** What the filters of one backend let through, and by which entries. */
export interface Visibility {
  readonly isVisible: (pair: NamePair) => boolean
  /** Filter entries that name a tool by what it was called before its override. */
  readonly byNativeName: readonly string[]
}

/**
 * Decides which tools of a backend clients see (vmcp 3.3, 5.1). A filter entry means the name after the override; if no
 * tool has that name, the one before it.
 */
export function createVisibility(
  settings: AggregationConfig,
  entry: WorkloadTools | undefined,
  pairs: readonly NamePair[],
): Visibility {
  if (settings.excludeAllTools || entry?.excludeAll) return HIDDEN
  if (entry === undefined) return settings.defaultToolVisibility === 'deny' ? HIDDEN : SHOWN
  if (entry.filter.length === 0) return SHOWN
  const overridden = new Set(pairs.map((pair) => pair.overriddenName))
  const native = new Set(pairs.map((pair) => pair.nativeName))
  const after = new Set(entry.filter.filter((name) => overridden.has(name)))
  const before = new Set(entry.filter.filter((name) => !overridden.has(name) && native.has(name)))
  return {
    isVisible: (pair) => after.has(pair.overriddenName) || before.has(pair.nativeName),
    byNativeName: [...before],
  }
}

const HIDDEN: Visibility = { isVisible: () => false, byNativeName: [] }
const SHOWN: Visibility = { isVisible: () => true, byNativeName: [] }
