/** Texts under keys that are remembered for a while, the latest of them. */
export interface Answers {
  add(key: string, text: string): void
  /** Undefined: it is not known, or not any more. */
  of(key: string): string | undefined
}

/** `maxSize`: of all keys and texts together, in characters. Each is remembered for `keepMs`. */
export function createAnswers(
  keepMs: number,
  maxSize: number,
  elapsed: () => number = () => performance.now(),
): Answers {
  /** Oldest first. */
  const all = new Map<string, { readonly text: string; readonly untilMs: number }>()
  let size = 0

  function drop(key: string): void {
    const found = all.get(key)
    if (found === undefined) return
    all.delete(key)
    size -= key.length + found.text.length
  }

  return {
    add(key, text) {
      drop(key)
      const now = elapsed()
      all.set(key, { text, untilMs: now + keepMs })
      size += key.length + text.length
      for (const [oldest, { untilMs }] of all) {
        if (size <= maxSize && untilMs > now) break
        drop(oldest)
      }
    },
    of(key) {
      const found = all.get(key)
      return found !== undefined && found.untilMs > elapsed() ? found.text : undefined
    },
  }
}
