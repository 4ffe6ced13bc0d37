import type { DeepReadonly } from '../base/deep-readonly.ts'
import type { TelemetryConfig } from './config.ts'
import type { Logger } from './logger.ts'
import type { MetricSnapshot } from './metrics.ts'

export interface ExportOptions {
  readonly config: DeepReadonly<TelemetryConfig>
  /** Where the configuration names no service. */
  readonly service: { readonly name: string; readonly version: string }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly metrics: () => readonly MetricSnapshot[]
  readonly log: Logger
  /** Pause between two exports of metrics. */
  readonly metricsIntervalMs?: number
}
