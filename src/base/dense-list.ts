/** Something that knows its place in a DenseList, which alone writes it. -1: it is in none. */
export interface Placed {
  place: number
}

/**
 * A set of objects that come and go with every call. A native Set or Map must not be used for that: V8 chains the tables
 * it outgrows, so that everything that ever passed through a long-lived one survives until the next full collection
 * (docs/decisions/009). Adding and deleting cost a store; the order is not kept. An object can be in one list only.
 */
export class DenseList<T extends Placed> {
  readonly #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  add(item: T): void {
    if (item.place >= 0) return
    item.place = this.#items.length
    this.#items.push(item)
  }

  /** True if it was there. */
  delete(item: T): boolean {
    const { place } = item
    if (place < 0 || this.#items[place] !== item) return false
    item.place = -1
    const last = this.#items.pop()!
    if (last !== item) {
      this.#items[place] = last
      last.place = place
    }
    return true
  }

  clear(): void {
    for (const item of this.#items) item.place = -1
    this.#items.length = 0
  }

  /** Visits each, last come first. What is visited may leave meanwhile; what comes meanwhile is not visited. */
  forEach(visit: (item: T) => void): void {
    for (let at = this.#items.length - 1; at >= 0; at--) {
      const item = this.#items[at]
      if (item !== undefined) visit(item)
    }
  }
}
