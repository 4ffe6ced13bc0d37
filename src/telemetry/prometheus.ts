import type { Labels, MetricSnapshot, Sample } from './metrics.ts'

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** The Prometheus text exposition format, version 0.0.4. */
export function renderPrometheus(
  metrics: readonly MetricSnapshot[],
  constant: Labels = {},
): string {
  let text = ''
  for (const { name: fullName, help, kind, samples } of metrics) {
    if (samples.length === 0) continue
    const name = identifier(fullName)
    text += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${kind}\n`
    for (const sample of samples) text += renderSample(name, sample, constant)
  }
  return text
}

function renderSample(name: string, sample: Sample, constant: Labels): string {
  const labels = { ...constant, ...sample.labels }
  if (sample.kind !== 'histogram') return `${name}${braces(labels)} ${sample.value}\n`
  let text = ''
  for (const [index, bound] of sample.bounds.entries()) {
    text += `${name}_bucket${braces({ ...labels, le: String(bound) })} ${sample.buckets[index]}\n`
  }
  text += `${name}_bucket${braces({ ...labels, le: '+Inf' })} ${sample.count}\n`
  return `${text}${name}_sum${braces(labels)} ${sample.sum}\n${name}_count${braces(labels)} ${sample.count}\n`
}

function braces(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([name, value]) => `${identifier(name)}="${escapeValue(value)}"`,
  )
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

/** OpenTelemetry's names have dots. */
function identifier(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_:]/g, '_')
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
