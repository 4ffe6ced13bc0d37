import type { HrTime } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricProducer,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import { inTime } from '../../base/in-time.ts'
import { systemNow } from '../../base/clock.ts'
import type { Logger } from '../logger.ts'
import { EXPORT_TIMEOUT_MS, toExporterOptions, type OtlpOptions } from './exporter-options.ts'
import { createFailureReport } from './report-failures.ts'
import { toResource } from './resource.ts'
import { toMetricData } from './to-metric-data.ts'

const INTERVAL_MS = 60_000

/** Sends our own metrics at regular times: the SDK only fetches, packs and sends them. */
export function openOtlpMetrics(options: OtlpOptions): { close(): Promise<void> } {
  const resource = toResource(options)
  const scope = { name: 'toolhive', version: options.service.version }
  const startTime = hrTime()
  const ours: MetricProducer = {
    async collect() {
      const metrics = toMetricData(options.metrics(), startTime, hrTime())
      return { resourceMetrics: { resource, scopeMetrics: [{ scope, metrics }] }, errors: [] }
    },
  }
  const exporter = new OTLPMetricExporter(toExporterOptions(options, 'metrics'))
  const reader = new PeriodicExportingMetricReader({
    exporter: reporting(exporter, options.log),
    exportIntervalMillis: options.metricsIntervalMs ?? INTERVAL_MS,
    exportTimeoutMillis: Math.min(EXPORT_TIMEOUT_MS, options.metricsIntervalMs ?? INTERVAL_MS),
    metricProducers: [ours],
  })
  const provider = new MeterProvider({ resource, readers: [reader] })
  return {
    async close() {
      await inTime(
        provider.shutdown().catch(() => {}),
        EXPORT_TIMEOUT_MS,
      )
    },
  }
}

function hrTime(): HrTime {
  const nowMs = systemNow()
  const seconds = Math.floor(nowMs / 1000)
  return [seconds, (nowMs - seconds * 1000) * 1_000_000]
}

function reporting(exporter: PushMetricExporter, log: Logger): PushMetricExporter {
  const report = createFailureReport(log, 'metrics')
  return {
    export: (metrics, done) => exporter.export(metrics, report(done)),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
  }
}
