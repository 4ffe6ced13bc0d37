interface Use {
  /** Where it may be imported; anywhere in `src/` when absent. */
  where?: RegExp
  /** Why only there. */
  reason?: string
}

const SCHEMA_PLACES = /^src\/(schema|api|app|cli|workflow)\/|\/config(\/|\.ts$|-[^/]*\.ts$)/

/**
 * The packages the product may import. They are bundled (docs/decisions/006-bundle-the-executables.md), so they stand under
 * `devDependencies`; why each was taken is told in docs/decisions/dependencies.md.
 */
export const PRODUCT_PACKAGES: Readonly<Record<string, Use>> = {
  '@opentelemetry/api': { where: /^src\/telemetry\//, reason: 'telemetry/ wraps it' },
  '@opentelemetry/exporter-metrics-otlp-proto': {
    where: /^src\/telemetry\/./,
    reason: 'it is loaded only when configured',
  },
  '@opentelemetry/exporter-trace-otlp-proto': {
    where: /^src\/telemetry\/./,
    reason: 'it is loaded only when configured',
  },
  '@opentelemetry/resources': { where: /^src\/telemetry\//, reason: 'telemetry/ wraps it' },
  '@opentelemetry/sdk-metrics': { where: /^src\/telemetry\//, reason: 'telemetry/ wraps it' },
  '@opentelemetry/sdk-trace': { where: /^src\/telemetry\//, reason: 'telemetry/ wraps it' },
  bullmq: {
    where: /^src\/storage\/redis\//,
    reason: 'it takes long to load: only gateways that spread loops over a fleet need it',
  },
  ioredis: { where: /^src\/storage\/redis\//, reason: 'it is loaded only when configured' },
  ajv: {
    where: /^src\/workflow\//,
    reason: 'it takes 30 ms to load: only configurations with composite tools need it',
  },
  pino: { where: /^src\/telemetry\//, reason: 'log through telemetry/logger.ts' },
  undici: { where: /^src\/(net|mcp)\//, reason: 'go out through net/, which guards where to' },
  yaml: { where: SCHEMA_PLACES, reason: 'configuration is read by schema/' },
  zod: {
    where: SCHEMA_PLACES,
    reason:
      'it costs 40 ms at start and is slow on the data plane; schemas live in schema/ and config.ts',
  },
}
