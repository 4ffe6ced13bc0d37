/** Order of names everywhere in a catalogue: by UTF-16 code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A sorted copy. */
export function sortedBy<Item>(items: Iterable<Item>, key: (item: Item) => string): Item[] {
  return [...items].sort((a, b) => compareText(key(a), key(b)))
}
