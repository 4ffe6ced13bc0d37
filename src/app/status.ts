import type { Gateway } from '../gateway/create-gateway.ts'
import type { HealthStatus } from '../gateway/backend-health.ts'
import type { HealthMonitor } from '../gateway/health-monitor.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

interface StatusParts {
  readonly gateway: Gateway
  readonly health: HealthMonitor
  readonly config: VmcpConfig
  readonly version: string
}

/** The body of `GET /status` (vmcp 13.4). */
export function toStatus({ gateway, health, config, version }: StatusParts): object {
  const backends = config.backends.map(({ name, target }) => {
    const backend = gateway.backends.get(name)
    return {
      name,
      health: health.of(name).health.status,
      transport: target.kind === 'stdio' ? 'stdio' : target.transport,
      auth_type:
        (config.outgoingAuth.backends[name] ?? config.outgoingAuth.default)?.type ??
        'unauthenticated',
      ...(backend?.main === undefined ? {} : { mcp_revision: backend.main.version }),
      ...(backend?.lastError === undefined ? {} : { error: backend.lastError }),
    }
  })
  return {
    backends,
    healthy: backends.some(
      (backend) => backend.health === 'healthy' || backend.health === 'degraded',
    ),
    version,
    group_ref: config.groupRef,
    sessions: gateway.sessions.size,
    catalogue: {
      tools: gateway.catalogue.tools.length,
      resources: gateway.catalogue.resources.length,
      prompts: gateway.catalogue.prompts.length,
      problems: gateway.catalogue.problems.map((note) => note.message),
      notes: gateway.catalogue.notes.map((note) => note.message),
    },
  }
}

const SUMMARY: Readonly<Record<HealthStatus, string>> = {
  healthy: 'Healthy',
  degraded: 'Degraded',
  unhealthy: 'Unhealthy',
  unknown: 'Unknown',
  unauthenticated: 'Unauthenticated',
}

/** The body of `GET /api/backends/health`, with the capitals its readers know. */
export function toBackendsHealth({ gateway, health, config }: StatusParts): object {
  const summary: Record<string, number> = {
    Total: config.backends.length,
    Healthy: 0,
    Degraded: 0,
    Unhealthy: 0,
    Unknown: 0,
    Unauthenticated: 0,
  }
  const backends: Record<string, object> = {}
  for (const { name } of config.backends) {
    const { health: own, breaker } = health.of(name)
    summary[SUMMARY[own.status]]! += 1
    backends[name] = {
      Status: own.status,
      ConsecutiveFailures: own.consecutiveFailures,
      LastCheckTime: toTime(own.lastCheckMs),
      LastErrorCategory: own.lastErrorCategory,
      LastTransitionTime: toTime(own.lastTransitionMs),
      CircuitState: breaker.state === 'half-open' ? 'half_open' : breaker.state,
      CircuitLastChanged: toTime(breaker.changedMs),
      MCPRevision: gateway.backends.get(name)?.main?.version ?? '',
    }
  }
  return { monitoring_enabled: true, summary, backends }
}

/** Go's zero time where nothing happened yet. */
function toTime(ms: number): string {
  return ms === 0 ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString()
}
