export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The first quartile: for wall times of single acts, to which other work on the machine can only add. */
export function firstQuartile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)] ?? Number.NaN
}

/** Median of the ratios of two series, round by round; rounds in which one of them answered no call say nothing. */
export function medianRatio(series: readonly number[], reference: readonly number[]): number {
  const rounds = Math.min(series.length, reference.length)
  const ratios = Array.from({ length: rounds }, (_, round) => series[round]! / reference[round]!)
  return median(ratios.filter((ratio) => Number.isFinite(ratio) && ratio > 0))
}

/** Three figures that matter, no exponent. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  return size >= 1 ? value.toFixed(2) : value.toFixed(3)
}
