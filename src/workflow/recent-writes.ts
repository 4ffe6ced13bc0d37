/**
 * The latest writes of a journal, as they stand in the store: one that failed over may have lost some of them, and has to be told again.
 */
export interface RecentWrites {
  /** It stands in the store, after all that were added before. */
  add(text: string): void
  /** What has to be written again so that all `length` writes stand there; undefined: too much is missing, or others wrote. */
  missing(
    there: { readonly first: number; readonly entries: readonly string[] },
    length: number,
  ): readonly string[] | undefined
  /** Index of the oldest one, if `length` stand there. */
  first(length: number): number
}

/** More than a store that replicates behind its answers, or syncs each second, can lose. */
const KEEP_MS = 30_000
const KEEP_CHARACTERS = 256 * 1024

/** `elapsed`: monotonic milliseconds. */
export function createRecentWrites(elapsed = () => performance.now()): RecentWrites {
  const kept: { readonly text: string; readonly at: number }[] = []
  let size = 0

  function isTooMuch(oldest: { readonly at: number } | undefined): boolean {
    const isOld = oldest !== undefined && elapsed() - oldest.at > KEEP_MS
    return isOld || size > KEEP_CHARACTERS
  }

  return {
    add(text) {
      kept.push({ text, at: elapsed() })
      size += text.length
      while (kept.length > 1 && isTooMuch(kept[0])) size -= kept.shift()!.text.length
    },
    first: (length) => length - kept.length,
    missing({ first, entries }, length) {
      const from = length - kept.length
      const isSame = entries.every((text, place) => text === kept[place]?.text)
      if (first !== from || !isSame || entries.length >= kept.length) return undefined
      return kept.slice(entries.length).map(({ text }) => text)
    },
  }
}
