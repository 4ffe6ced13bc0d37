import { keySlot, SLOTS } from './key-slot.ts'

/** Tells the key of the counter that gives the versions of an entry. */
export type VersionCounter = (entryKey: string) => string

/** One counter for all. */
export function singleCounter(keyPrefix: string): VersionCounter {
  const key = `${keyPrefix}version`
  return () => key
}

/** A script touches keys of one slot only: in a Cluster each slot that holds entries has a counter of its own. */
export function counterPerSlot(keyPrefix: string): VersionCounter {
  // A prefix with a hash tag puts all keys into one slot, and the counter with them.
  if (keySlot(`${keyPrefix}a`) === keySlot(`${keyPrefix}b`)) return singleCounter(keyPrefix)
  const tags = findTags()
  return (entryKey) => `${keyPrefix}version:{${tags[keySlot(entryKey)]}}`
}

/** A hash tag for every slot, by trying; takes some 20 ms. */
function findTags(): string[] {
  const tags: string[] = []
  let missing = SLOTS
  for (let n = 0; missing > 0; n++) {
    const tag = n.toString(36)
    const slot = keySlot(tag)
    if (tags[slot] !== undefined) continue
    tags[slot] = tag
    missing -= 1
  }
  return tags
}
