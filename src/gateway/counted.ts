/** Counts how many want each thing: tells when the first comes and the last goes. */
export interface Counted {
  /** True if it was the first. */
  add(item: string): boolean
  /** True if it was the last. */
  remove(item: string): boolean
  items(): string[]
  readonly size: number
}

export function createCounted(): Counted {
  const counts = new Map<string, number>()
  return {
    add(item) {
      const count = counts.get(item) ?? 0
      counts.set(item, count + 1)
      return count === 0
    },
    remove(item) {
      const count = counts.get(item)
      if (count === undefined) return false
      if (count === 1) counts.delete(item)
      else counts.set(item, count - 1)
      return count === 1
    },
    items: () => [...counts.keys()],
    get size() {
      return counts.size
    },
  }
}
