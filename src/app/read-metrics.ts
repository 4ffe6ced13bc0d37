import type { Gateway } from '../gateway/create-gateway.ts'
import type { HealthMonitor } from '../gateway/health-monitor.ts'
import type { Metrics, MetricSnapshot } from '../telemetry/metrics.ts'
import type { CallMetrics } from './call-metrics.ts'
import type { SessionStore } from './open-session-store.ts'

export interface MetricsReaderParts {
  readonly metrics: Metrics
  readonly callMetrics: CallMetrics
  readonly gateway: Pick<Gateway, 'sessions' | 'backends'>
  readonly health: Pick<HealthMonitor, 'of'>
  readonly sessionStore: Pick<SessionStore, 'state'>
}

const CIRCUIT_VALUES = { closed: 0, 'half-open': 1, open: 2 } as const

/** Reads all metrics, those first that are looked up only when somebody asks. */
export function createMetricsReader(parts: MetricsReaderParts): () => MetricSnapshot[] {
  const { metrics, callMetrics, gateway, health, sessionStore } = parts
  const sessions = metrics.gauge('toolhive_vmcp_sessions', 'Live sessions').with()
  const storeUp = metrics
    .gauge('toolhive_session_store_up', '1 while the session store answers, 0 while it is away')
    .with()
  const queued = metrics
    .gauge('toolhive_session_store_queued_writes', 'Writes that wait for the session store')
    .with()
  const connections = metrics.gauge('toolhive_vmcp_backend_connections', 'Connections to backends')
  const up = metrics.gauge(
    'toolhive_vmcp_backend_up',
    '1 while a backend is healthy or degraded, else 0',
  )
  const circuit = metrics.gauge(
    'toolhive_vmcp_backend_circuit',
    'Circuit breaker of a backend: 0 closed, 1 half-open, 2 open',
  )
  const inBudget = metrics.gauge(
    'toolhive_vmcp_backend_run_calls',
    'Calls of runs that a backend works on, or that wait for their turn',
  )
  const memory = metrics.gauge('process_resident_memory_bytes', 'Memory of this process').with()
  const cpu = metrics.counter('process_cpu_seconds_total', 'CPU time of this process').with()
  let countedSeconds = 0

  return () => {
    sessions.set(gateway.sessions.size)
    const store = sessionStore.state()
    storeUp.set(store.isUp ? 1 : 0)
    queued.set(store.queuedCount)
    callMetrics.setBackends(gateway.backends.size)
    for (const family of [connections, up, circuit, inBudget]) family.clear()
    for (const backend of gateway.backends.values()) {
      const labels = { backend: backend.name }
      const state = health.of(backend.name)
      const { status } = state.health
      connections.with(labels).set(backend.connections)
      up.with(labels).set(status === 'healthy' || status === 'degraded' ? 1 : 0)
      circuit.with(labels).set(CIRCUIT_VALUES[state.breaker.state])
      inBudget.with({ ...labels, state: 'active' }).set(backend.budget.active)
      inBudget.with({ ...labels, state: 'waiting' }).set(backend.budget.waiting)
    }
    memory.set(process.memoryUsage.rss())
    const { user, system } = process.cpuUsage()
    const seconds = (user + system) / 1e6
    cpu.inc(seconds - countedSeconds)
    countedSeconds = seconds
    return metrics.snapshot()
  }
}
