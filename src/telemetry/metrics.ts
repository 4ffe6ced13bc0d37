/** Label names to values, in the order of declaration. */
export type Labels = Readonly<Record<string, string>>

export interface Counter {
  inc(by?: number): void
}
export interface Gauge {
  set(value: number): void
  add(by: number): void
}
export interface Histogram {
  observe(value: number): void
}

/** A metric with labels: `with` gives the series, to be kept where it is used often. */
export interface Family<Series> {
  with(labels?: Labels): Series
  /** Forgets all series: for gauges that are written anew at each reading. */
  clear(): void
}

/** What an exporter reads. Histogram `buckets` are cumulative counts up to each bound, `bounds` ascending. */
export type Sample =
  | { readonly kind: 'counter' | 'gauge'; readonly labels: Labels; readonly value: number }
  | {
      readonly kind: 'histogram'
      readonly labels: Labels
      readonly bounds: readonly number[]
      readonly buckets: readonly number[]
      readonly sum: number
      readonly count: number
    }

export interface MetricSnapshot {
  readonly name: string
  readonly help: string
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

/** All metrics of one process part. Made once, given to whoever measures: no global registry. */
export interface Metrics {
  counter(name: string, help: string): Family<Counter>
  gauge(name: string, help: string): Family<Gauge>
  /** `bounds` in the unit of the metric, ascending; default: seconds from 1 ms to 5 min. */
  histogram(name: string, help: string, bounds?: readonly number[]): Family<Histogram>
  snapshot(): MetricSnapshot[]
}

/** Seconds. */
export const DURATION_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
]
/** More series than this of one metric are folded into one, so that hostile names cannot fill the memory. */
const MAX_SERIES = 2000
const OVERFLOW: Labels = { overflow: 'true' }

interface Entry {
  name: string
  help: string
  kind: MetricSnapshot['kind']
  samples: () => Sample[]
}

export function createMetrics(): Metrics {
  const entries = new Map<string, Entry>()

  function family<Series>(
    name: string,
    help: string,
    kind: Entry['kind'],
    make: () => Series,
    read: (series: Series, labels: Labels) => Sample,
  ): Family<Series> {
    if (entries.has(name)) throw new TypeError(`Metric "${name}" is declared twice`)
    const series = new Map<string, { labels: Labels; series: Series }>()
    entries.set(name, {
      name,
      help,
      kind,
      samples: () => [...series.values()].map((each) => read(each.series, each.labels)),
    })
    return {
      with(labels = {}) {
        const wanted = series.size >= MAX_SERIES && !series.has(keyOf(labels)) ? OVERFLOW : labels
        const key = keyOf(wanted)
        let found = series.get(key)
        if (found === undefined) series.set(key, (found = { labels: wanted, series: make() }))
        return found.series
      },
      clear: () => series.clear(),
    }
  }

  return {
    counter: (name, help) =>
      family(name, help, 'counter', createCell, (cell, labels) => ({
        kind: 'counter',
        labels,
        value: cell.value,
      })),
    gauge: (name, help) =>
      family(name, help, 'gauge', createCell, (cell, labels) => ({
        kind: 'gauge',
        labels,
        value: cell.value,
      })),
    histogram: (name, help, bounds = DURATION_BOUNDS) =>
      family(
        name,
        help,
        'histogram',
        () => createBuckets(bounds),
        (series, labels) => series.read(labels),
      ),
    snapshot: () => [...entries.values()].map((entry) => ({ ...entry, samples: entry.samples() })),
  }
}

function keyOf(labels: Labels): string {
  return JSON.stringify(labels)
}

function createCell() {
  const cell = {
    value: 0,
    inc(by = 1) {
      cell.value += by
    },
    set(value: number) {
      cell.value = value
    },
    add(by: number) {
      cell.value += by
    },
  }
  return cell
}

function createBuckets(bounds: readonly number[]) {
  const counts = new Array<number>(bounds.length + 1).fill(0)
  let sum = 0
  return {
    observe(value: number) {
      let index = 0
      while (index < bounds.length && value > bounds[index]!) index++
      counts[index]!++
      sum += value
    },
    read(labels: Labels): Sample {
      let count = 0
      const buckets = counts.map((each) => (count += each))
      return { kind: 'histogram', labels, bounds, buckets, sum, count }
    },
  }
}
