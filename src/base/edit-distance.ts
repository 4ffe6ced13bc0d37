/** How many single-letter insertions, deletions, replacements and swaps of neighbours turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + change)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(beforeLast, j - 2) + 1)
      }
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

/** The candidate that was most likely meant by `word`, upper and lower case, `-` and `_` aside; undefined if none is near. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const plain = simplify(word)
  if (plain.length > 64) return undefined
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(plain.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(plain, simplify(candidate))
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '')
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0
}
