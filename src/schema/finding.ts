import { renderPath, type Problem } from './problem.ts'
import type { SourceDocument } from './source-document.ts'

/** One mistake in the words of the house, before it has a position. */
export interface Finding {
  readonly path: readonly PropertyKey[]
  /** Point at the key, not at its value. */
  readonly atKey?: boolean
  /** Point into the text there: behind so many UTF-16 units of it. */
  readonly offset?: number
  readonly reason: string
  readonly hint?: string
  /** An error when absent. */
  readonly severity?: Problem['severity']
  /** Nothing is there. */
  readonly missing?: boolean
  /** The known key an unknown one was probably meant to be. */
  readonly meantKey?: string
}

/** Finds where a mistake stands in its file. */
export function locate(finding: Finding, document: SourceDocument): Problem {
  const { path, atKey, offset, reason, hint, severity = 'error' } = finding
  const position =
    offset === undefined
      ? atKey === true
        ? document.keyPositionOf(path)
        : document.positionOf(path)
      : document.positionIn(path, offset)
  const base = { file: document.file, ...position, path: renderPath(path), reason }
  return { ...base, ...(hint === undefined ? {} : { hint }), severity }
}
