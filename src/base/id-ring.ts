/** Something in flight under an id of ours. */
export interface Numbered {
  readonly id: number
}

const FIRST_CAPACITY = 16

/**
 * What is in flight, by ids that this ring gives out: growing, never twice the same. It takes the place of a Map, which
 * must not be used for what comes and goes with every call (docs/decisions/009).
 */
export class IdRing<T extends Numbered> {
  #slots: (T | undefined)[] = emptySlots(FIRST_CAPACITY)
  #size = 0
  #lastId = 0

  get size(): number {
    return this.#size
  }

  /** The next id; ids whose slot is taken by a long call are left out. */
  nextId(): number {
    const mask = this.#slots.length - 1
    do this.#lastId++
    while (this.#slots[this.#lastId & mask] !== undefined)
    return this.#lastId
  }

  /** Adds something under the id that `nextId` gave last. */
  add(item: T): void {
    if (this.#size * 2 >= this.#slots.length) this.#grow()
    this.#slots[item.id & (this.#slots.length - 1)] = item
    this.#size++
  }

  get(id: unknown): T | undefined {
    if (typeof id !== 'number') return undefined
    const found = this.#slots[id & (this.#slots.length - 1)]
    return found?.id === id ? found : undefined
  }

  delete(id: number): boolean {
    if (this.get(id) === undefined) return false
    this.#slots[id & (this.#slots.length - 1)] = undefined
    this.#size--
    return true
  }

  /** All, oldest first. */
  values(): T[] {
    return this.#slots.filter((each) => each !== undefined).sort((a, b) => a.id - b.id)
  }

  /** Twice the slots: ids that were apart stay apart. */
  #grow(): void {
    const all = this.values()
    this.#slots = emptySlots(this.#slots.length * 2)
    for (const each of all) this.#slots[each.id & (this.#slots.length - 1)] = each
  }
}

function emptySlots(count: number): undefined[] {
  return Array.from({ length: count }, () => undefined)
}
