import { resourceFromAttributes, type Resource } from '@opentelemetry/resources'
import type { ExportOptions } from '../export-options.ts'

/** Who sends: service, attributes of `OTEL_RESOURCE_ATTRIBUTES`, of the configuration, and chosen environment variables. */
export function toResource({ config, service, env }: ExportOptions): Resource {
  const variables = config.environmentVariables.flatMap((name): [string, string][] => {
    const value = env[name]
    return value === undefined ? [] : [[`environment.${name}`, value]]
  })
  return resourceFromAttributes({
    ...parseResourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES']),
    ...Object.fromEntries(variables),
    ...config.customAttributes,
    'service.name': config.serviceName ?? service.name,
    'service.version': config.serviceVersion ?? service.version,
  })
}

/** `key=value,key=value`, values percent-encoded (OpenTelemetry, "Resource SDK"); what is no pair is left out. */
export function parseResourceAttributes(text: string | undefined): Record<string, string> {
  const found: Record<string, string> = {}
  for (const pair of (text ?? '').split(',')) {
    const at = pair.indexOf('=')
    if (at > 0) found[pair.slice(0, at).trim()] = decoded(pair.slice(at + 1).trim())
  }
  return found
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
