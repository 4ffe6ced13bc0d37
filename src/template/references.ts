import { onlyOnce } from './references/only-once.ts'
import { Reader } from './references/reader.ts'
import { positionAt, type Position } from './syntax/position.ts'
import type { Template } from './template.ts'

/** What a template reads from the data it is rendered with. */
export interface Reference extends Position {
  /** The keys from the root: `.steps.a.output` is `['steps', 'a', 'output']`; empty for the data itself. */
  readonly path: readonly string[]
  /** Something below `path` is read that only the data can tell: an element of a range, `index .steps .name`. */
  readonly dynamic: boolean
}

/**
 * Everything a template reads from its data, in the order of the text: also through `$`, variables, parentheses, `index`
 * with texts, the dot of `with` and `range`, and definitions that are called. What functions compute is not followed.
 */
export function referencesOf({ source, root, definitions }: Template): readonly Reference[] {
  const reads = onlyOnce(new Reader(definitions).read(root))
  return reads.map(({ path, isDynamic, at }) => ({
    path,
    dynamic: isDynamic,
    ...positionAt(source, at),
  }))
}
