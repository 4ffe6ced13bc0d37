import { ValueType, type HrTime } from '@opentelemetry/api'
import {
  AggregationTemporality,
  DataPointType,
  type DataPoint,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import type { MetricSnapshot, Sample } from '../metrics.ts'

/** Our metrics in OpenTelemetry's shape and under its names: without `_total`, seconds as a unit instead of a suffix. */
export function toMetricData(
  snapshots: readonly MetricSnapshot[],
  startTime: HrTime,
  endTime: HrTime,
): MetricData[] {
  return snapshots
    .filter((snapshot) => snapshot.samples.length > 0)
    .map((snapshot) => {
      const { name, unit } = otelName(snapshot.name)
      const { help: description, samples, kind } = snapshot
      const data = {
        descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
      }
      const point = <Value>(sample: Sample, value: Value): DataPoint<Value> => ({
        startTime,
        endTime,
        attributes: { ...sample.labels },
        value,
      })
      if (kind === 'histogram') {
        const dataPoints = samples.flatMap((sample) =>
          sample.kind === 'histogram' ? [point(sample, toHistogram(sample))] : [],
        )
        return { ...data, dataPointType: DataPointType.HISTOGRAM, dataPoints }
      }
      const dataPoints = samples.flatMap((sample) =>
        sample.kind === 'histogram' ? [] : [point(sample, sample.value)],
      )
      return kind === 'gauge'
        ? { ...data, dataPointType: DataPointType.GAUGE, dataPoints }
        : { ...data, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    })
}

function otelName(name: string): { name: string; unit: string } {
  const bare = name.replace(/_total$/, '')
  return bare.endsWith('_seconds')
    ? { name: bare.slice(0, -'_seconds'.length), unit: 's' }
    : { name: bare, unit: '' }
}

function toHistogram(sample: Extract<Sample, { kind: 'histogram' }>): Histogram {
  const counts = sample.buckets.map((upTo, index) => upTo - (sample.buckets[index - 1] ?? 0))
  return {
    buckets: { boundaries: [...sample.bounds], counts },
    sum: sample.sum,
    count: sample.count,
  }
}
