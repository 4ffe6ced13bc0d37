import { z } from 'zod'
import { count, headerMap, mapOf, text } from '../schema/fields.ts'

const ratio = z
  .union([z.string(), z.number()])
  .refine(isRatio, { error: 'must be a number from 0 to 1, such as "0.05"' })
  .transform(Number)
  .meta({ description: 'Share of traces that are kept, "0" to "1"' })

/** `telemetry`: OpenTelemetry and Prometheus. */
export const telemetry = z.strictObject({
  endpoint: text('OTLP over HTTP: host:port, or an http(s):// URL').optional(),
  serviceName: text('Service name; default the name of the file').optional(),
  serviceVersion: text('Service version; default the version of this program').optional(),
  tracingEnabled: z.boolean().meta({ description: 'Send traces' }).default(false),
  metricsEnabled: z.boolean().meta({ description: 'Send metrics' }).default(false),
  samplingRate: ratio.default(0.05),
  headers: headerMap('Headers of every export').prefault({}),
  insecure: z.boolean().meta({ description: 'http:// instead of https://' }).default(false),
  enablePrometheusMetricsPath: z.boolean().meta({ description: 'Serve /metrics' }).default(false),
  prometheusPort: count('Port of /metrics; default the port of the server', 0, 65_535).optional(),
  metricsOnTransportPort: z
    .boolean()
    .meta({ description: 'Serve /metrics on the port of the server as well' })
    .default(true),
  environmentVariables: z
    .array(z.string().min(1))
    .meta({ description: 'Environment variables added as attributes' })
    .default([]),
  customAttributes: mapOf(z.string(), 'Added to every span and metric').prefault({}),
  useLegacyAttributes: z
    .boolean()
    .meta({ description: 'Also write the attribute names of older versions' })
    .default(true),
  caCertPath: text('PEM file with more trust anchors for the endpoint').optional(),
})

/** `telemetry`, checked, with defaults; `samplingRate` is a number. */
export type TelemetryConfig = z.output<typeof telemetry>

function isRatio(value: string | number): boolean {
  if (typeof value === 'string' && value.trim() === '') return false
  const number = Number(value)
  return number >= 0 && number <= 1
}
