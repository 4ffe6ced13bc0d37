import { keyOf, type Read } from './place.ts'

/** Without repetitions, in the order of the source. */
export function onlyOnce(reads: readonly Read[]): Read[] {
  const known = new Map(reads.map((read) => [`${read.at} ${keyOf(read)}`, read]))
  return [...known.values()].toSorted((a, b) => a.at - b.at)
}
