import { readFileSync } from 'node:fs'
import { telemetryErrors } from '../errors.ts'
import type { ExportOptions } from '../export-options.ts'

export type OtlpOptions = ExportOptions & { readonly endpoint: string }

export type Signal = 'traces' | 'metrics'

/** How long one export may take; the end of the process waits no longer either. */
export const EXPORT_TIMEOUT_MS = 3_000

/** What the exporters of OpenTelemetry want to know of the endpoint. */
export function toExporterOptions({ endpoint, config }: OtlpOptions, signal: Signal) {
  const { caCertPath, headers, insecure } = config
  return {
    url: otlpUrl(endpoint, insecure, signal),
    headers: { ...headers },
    timeoutMillis: EXPORT_TIMEOUT_MS,
    ...(caCertPath === undefined ? {} : { httpAgentOptions: { ca: readAnchors(caCertPath) } }),
  }
}

/** `host:port` or a URL, with or without a path of its own, to the address of one signal (OTLP 1, "OTLP/HTTP Request"). */
export function otlpUrl(endpoint: string, insecure: boolean, signal: Signal): string {
  const hasScheme = /^https?:\/\//i.test(endpoint)
  const base = hasScheme ? endpoint : `${insecure ? 'http' : 'https'}://${endpoint}`
  return `${base.replace(/\/+$/, '')}/v1/${signal}`
}

function readAnchors(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw telemetryErrors.CA_FILE({ path, reason: (error as Error).message }, error)
  }
}
