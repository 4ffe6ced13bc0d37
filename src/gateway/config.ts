import { z } from 'zod'
import type { DeepReadonly } from '../base/deep-readonly.ts'
import { crossCheck, type Loose, type Report } from '../schema/cross-check.ts'
import { count, duration, headerMap, httpUrl, mapOf, text } from '../schema/fields.ts'
import { toolAnnotations } from '../schema/tool-annotations.ts'

/** The prefix used where the file gives none. */
export const DEFAULT_PREFIX_FORMAT = '{workload}_'

const HTTP_ONLY = ['url', 'headers', 'caBundlePath'] as const
const STDIO_ONLY = ['command', 'args', 'env', 'cwd'] as const

/** Timeouts of one tool in milliseconds; undefined where it leaves them to its backend. */
export interface ToolTimeouts {
  readonly idleMs?: number | undefined
  readonly absoluteMs?: number | undefined
}

/** Timeouts of one backend in milliseconds; undefined where it leaves them to `operational.timeouts`. */
export interface BackendTimeouts extends ToolTimeouts {
  readonly connectMs?: number | undefined
  readonly tools: Readonly<Record<string, ToolTimeouts>>
}

const toolTimeouts = z
  .strictObject({
    idle: duration('Longest silence of the backend during a call; progress resets it').optional(),
    absolute: duration('Hard end of a call; 0 = none').optional(),
  })
  .transform((v): ToolTimeouts => ({ idleMs: v.idle, absoluteMs: v.absolute }))

const backendTimeouts = z
  .strictObject({
    connect: duration('Longest time to connect to this backend', 'positive').optional(),
    idle: duration('Longest silence during a call; progress resets it; 0 = none').optional(),
    absolute: duration('Hard end of a call; 0 = none').optional(),
    tools: mapOf(toolTimeouts, 'Per tool, by the name the backend gave it').prefault({}),
  })
  .transform((v): BackendTimeouts => ({
    connectMs: v.connect,
    idleMs: v.idle,
    absoluteMs: v.absolute,
    tools: v.tools,
  }))

const backendFields = z.strictObject({
  name: text('Id of the backend: used in prefixes, outgoingAuth.backends and `workload` fields'),
  url: httpUrl('Where the backend listens').optional(),
  transport: z
    .enum(['streamable-http', 'streamable', 'sse', 'stdio'])
    .meta({ description: 'How to speak to it; `streamable` means `streamable-http`' })
    .optional(),
  type: z.enum(['', 'entry']).meta({ description: '`entry`: a remote server' }).default(''),
  caBundlePath: z
    .string()
    .refine(isSafePath, { error: 'must be an absolute path without ".."' })
    .meta({ description: 'PEM file with more trust anchors; absolute; only with type `entry`' })
    .optional(),
  metadata: mapOf(z.string(), 'Carried along; `group` is overwritten').prefault({}),
  command: text('(ours) stdio: program to start').optional(),
  args: z.array(z.string()).meta({ description: '(ours) stdio: its arguments' }).optional(),
  env: mapOf(z.string(), '(ours) stdio: added to a small safe environment').optional(),
  cwd: text('(ours) stdio: working folder').optional(),
  headers: headerMap('(ours) Static headers of every request to this backend').optional(),
  stateless: z
    .boolean()
    .meta({ description: '(ours) The backend keeps nothing between calls: one connection for all' })
    .optional(),
  sessions: z
    .enum(['perSession', 'perPrincipal', 'shared'])
    .meta({
      description: '(ours) Who shares a connection; default perSession, or shared if stateless',
    })
    .optional(),
  era: z
    .enum(['auto', 'legacy', 'modern'])
    .meta({ description: '(ours) Protocol era of the backend; `auto` finds out' })
    .default('auto'),
  timeouts: backendTimeouts.meta({ description: '(ours) Timeouts of this backend' }).prefault({}),
})

const backend = crossCheck(backendFields, checkBackend).transform((v) => ({
  name: v.name,
  target: toTarget(v),
  type: v.type,
  metadata: v.metadata,
  /** Lower-case names. */
  headers: v.headers ?? {},
  sessions: v.sessions ?? (v.stateless ? ('shared' as const) : ('perSession' as const)),
  era: v.era,
  timeouts: v.timeouts,
}))

/** `backends[]`. */
export const backends = z.array(backend).meta({
  description: 'The backends; without any, those of the group are found at start',
})

/** One backend, checked; `target` is what `connectBackend` takes. */
export type BackendConfig = DeepReadonly<z.output<typeof backend>>

const toolOverride = crossCheck(
  z.strictObject({
    name: text('New name').optional(),
    description: z.string().meta({ description: 'New description' }).optional(),
    annotations: toolAnnotations.optional(),
  }),
  (block, report) => {
    if (Object.keys(block).length > 0) return
    report([], 'changes nothing', 'give it a name, a description or annotations')
  },
)

/** `aggregation.tools[].overrides.<tool>`. */
export type ToolOverride = DeepReadonly<z.output<typeof toolOverride>>

const workloadTools = z.strictObject({
  workload: text('Name of the backend'),
  filter: z.array(z.string().min(1)).meta({ description: 'Tools to show; none = all' }).default([]),
  overrides: mapOf(toolOverride, 'By the name the backend gave the tool').prefault({}),
  excludeAll: z.boolean().meta({ description: 'Hide all tools of this backend' }).default(false),
  toolConfigRef: z
    .strictObject({ name: text('Name of the MCPToolConfig') })
    .meta({ description: 'Kubernetes only: an MCPToolConfig; what is written here wins' })
    .optional(),
})

/** `aggregation.tools[]`: what is shown of one backend. An empty `filter` shows all. */
export type WorkloadTools = DeepReadonly<z.output<typeof workloadTools>>

const conflictResolutionConfig = z.strictObject({
  prefixFormat: z
    .string()
    .meta({
      description:
        'Put before each name; `{workload}` is the backend’s name; empty (ours) = no prefix',
    })
    .optional(),
  priorityOrder: z
    .array(z.string().min(1))
    .meta({ description: 'Backends, the most important first' })
    .optional(),
})

/** `aggregation`. */
export const aggregation = crossCheck(
  z.strictObject({
    conflictResolution: z
      .enum(['prefix', 'priority', 'manual'])
      .meta({ description: 'What happens when two backends offer the same name' }),
    conflictResolutionConfig: conflictResolutionConfig.meta({
      description: 'Settings of the strategy; required for each',
    }),
    tools: z
      .array(workloadTools)
      .meta({ description: 'Filters and overrides, one item per backend' })
      .default([]),
    excludeAllTools: z
      .boolean()
      .meta({ description: 'Hide every backend tool; composite tools stay' })
      .default(false),
    defaultToolVisibility: z
      .enum(['allow', 'deny'])
      .meta({ description: '`deny`: backends without an item in `tools` are hidden' })
      .default('allow'),
    maxToolNameLength: count(
      '(ours) Longer tool names are shortened: cut, and a hash behind; clients often refuse more than 64',
      16,
      128,
    ).optional(),
  }),
  checkAggregation,
).transform((v) => ({
  ...v,
  conflictResolutionConfig: {
    prefixFormat: v.conflictResolutionConfig.prefixFormat ?? DEFAULT_PREFIX_FORMAT,
    priorityOrder: v.conflictResolutionConfig.priorityOrder ?? [],
  },
}))

/** `aggregation`, checked, with defaults. */
export type AggregationConfig = DeepReadonly<z.output<typeof aggregation>>

const timeouts = z
  .strictObject({
    default: duration(
      'Longest silence during a call to a backend; progress resets it',
      'positive',
    ).prefault('30s'),
    perWorkload: mapOf(duration('As default, for one backend', 'positive'), 'By backend').prefault(
      {},
    ),
    connect: duration(
      '(ours) Longest time to connect to a backend; default 10s, or 1m for a command, which may download first',
      'positive',
    ).optional(),
    absolute: duration('(ours) Hard end of a call; 0 = none').prefault('1h'),
  })
  .transform((v) => ({
    defaultMs: v.default,
    perWorkloadMs: v.perWorkload,
    connectMs: v.connect,
    absoluteMs: v.absolute,
  }))

const circuitBreaker = z
  .strictObject({
    enabled: z
      .boolean()
      .meta({ description: 'Stop calling a backend that keeps failing' })
      .default(false),
    failureThreshold: count('Failures in a row that open it', 1).default(5),
    timeout: duration('How long it stays open', { minMs: 1000 }).prefault('1m'),
  })
  .transform((v) => ({
    enabled: v.enabled,
    failureThreshold: v.failureThreshold,
    timeoutMs: v.timeout,
  }))

const failureHandling = crossCheck(
  z.strictObject({
    healthCheckInterval: duration('Time between two checks of a backend', 'positive').prefault(
      '30s',
    ),
    healthCheckTimeout: duration('Longest time of one check; 0 = 10s').prefault('0'),
    unhealthyThreshold: count('Failed checks in a row that make it unhealthy', 1).default(3),
    statusReportingInterval: duration(
      'Kubernetes: time between two status reports',
      'positive',
    ).prefault('30s'),
    partialFailureMode: z
      .enum(['fail', 'best_effort', 'bestEffort'])
      .meta({
        description:
          '`fail`: lists, and /readyz, fail while a backend is missing; default best_effort',
      })
      .default('best_effort'),
    circuitBreaker: circuitBreaker
      .meta({ description: 'Leaves a failing backend alone' })
      .prefault({}),
  }),
  checkFailureHandling,
).transform((v) => ({
  healthCheckIntervalMs: v.healthCheckInterval,
  healthCheckTimeoutMs:
    v.healthCheckTimeout > 0 ? v.healthCheckTimeout : Math.min(10_000, v.healthCheckInterval),
  unhealthyThreshold: v.unhealthyThreshold,
  statusReportingIntervalMs: v.statusReportingInterval,
  partialFailureMode:
    v.partialFailureMode === 'fail' ? ('fail' as const) : ('best_effort' as const),
  circuitBreaker: v.circuitBreaker,
}))

const sessions = z
  .strictObject({
    ttl: duration('A session ends after so long without a request', 'positive').prefault('30m'),
    maxSessions: count('Beyond it the least recently used idle one ends', 1).default(10_000),
  })
  .transform((v) => ({ ttlMs: v.ttl, maxSessions: v.maxSessions }))

const limits = z
  .strictObject({
    maxBodyBytes: count('Largest request body', 1024).default(8 * 1024 * 1024),
    maxResponseBytes: count('Largest answer of a backend', 1024).default(100 * 1024 * 1024),
    maxParkedCalls: count(
      'Calls that wait for an answer of their client, of all clients',
      1,
    ).default(5_000),
    maxParkedPerClient: count(
      'The same of one client: of a user, else of a session or an address',
      1,
    ).default(500),
    maxSubscriptions: count('Open `subscriptions/listen` of all modern clients', 1).default(10_000),
    maxSubscriptionsPerClient: count(
      'The same of one client: of a user, else of an address',
      1,
    ).default(1_000),
    questionTimeout: duration('Longest wait for an answer of a client', 'positive').prefault('10m'),
    maxProcesses: count(
      'Processes of one stdio backend, one per session: for one more the least recently used idle one ends',
      1,
    ).default(256),
  })
  .transform((v) => ({
    maxBodyBytes: v.maxBodyBytes,
    maxResponseBytes: v.maxResponseBytes,
    maxParkedCalls: v.maxParkedCalls,
    maxParkedPerClient: v.maxParkedPerClient,
    maxSubscriptions: v.maxSubscriptions,
    maxSubscriptionsPerClient: v.maxSubscriptionsPerClient,
    questionTimeoutMs: v.questionTimeout,
    maxProcesses: v.maxProcesses,
  }))

const concurrency = z.strictObject({
  perBackend: count(
    'Calls of runs that one backend gets at once, of all runs (with Redis: of all replicas); default 64, or 16 for a command',
    1,
  ).optional(),
  perWorkload: mapOf(count('As perBackend, for one backend', 1), 'By backend').prefault({}),
  perClient: count(
    'Calls of one client that one HTTP backend gets at once: of a user, else of a session or an address',
    1,
  ).default(256),
  maxWaiting: count(
    'Calls that wait for one backend, of all runs or of one client; one more is refused',
    0,
  ).default(10_000),
})

/** At least so long before it is killed, a process that drains has done what it can. */
const MIN_HEADROOM_MS = 500

const drain = crossCheck(
  z.strictObject({
    delay: duration(
      'At SIGTERM: how long to serve on while load balancers notice /readyz; 5s in Kubernetes',
    ).prefault('0s'),
    timeout: duration('Then: longest wait for calls in flight').prefault('10s'),
    gracePeriod: duration(
      'When the process is killed after SIGTERM (terminationGracePeriodSeconds): bounds the rest',
      'positive',
    ).optional(),
    headroom: duration('How long before that it has ended').prefault('2s'),
  }),
  (block, report) => {
    const { delay, gracePeriod, headroom } = block
    if (typeof gracePeriod !== 'number' || typeof delay !== 'number') return
    if (typeof headroom !== 'number' || delay + headroom + MIN_HEADROOM_MS <= gracePeriod) return
    report(
      ['gracePeriod'],
      `leaves no time for calls in flight after a delay of ${delay} ms and ${headroom} ms headroom`,
      'make it longer, or shorten drain.delay',
    )
  },
).transform((v) => ({
  delayMs: v.delay,
  timeoutMs: v.timeout,
  gracePeriodMs: v.gracePeriod,
  headroomMs: v.headroom,
}))

/** `operational`. */
export const operational = z.strictObject({
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error'])
    .meta({ description: 'Least severe log line that is written' })
    .optional(),
  timeouts: timeouts.meta({ description: 'How long calls may take' }).prefault({}),
  failureHandling: failureHandling
    .meta({ description: 'Health and its consequences' })
    .prefault({}),
  sessions: sessions.meta({ description: '(ours) Sessions of clients' }).prefault({}),
  limits: limits.meta({ description: '(ours) Sizes and bounds' }).prefault({}),
  concurrency: concurrency
    .meta({ description: '(ours) How many calls a backend gets at once' })
    .prefault({}),
  drain: drain.meta({ description: '(ours) The way out' }).prefault({}),
})

/** `operational`, checked, with defaults; times in milliseconds. */
export type OperationalConfig = DeepReadonly<z.output<typeof operational>>

function isSafePath(path: string): boolean {
  return path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..')
}

function checkBackend(block: Loose<z.output<typeof backendFields>>, report: Report): void {
  const isStdio = block.transport === 'stdio' || (!block.transport && block.command !== undefined)
  if (isStdio) {
    if (block.command === undefined) report([], 'is stdio but has no `command`')
    for (const key of HTTP_ONLY) {
      if (block[key] !== undefined) report([key], 'does not go with transport stdio')
    }
  } else {
    if (block.url === undefined) report([], 'has no `url`', 'give it a url, or a command for stdio')
    for (const key of STDIO_ONLY) {
      if (block[key] !== undefined) report([key], 'goes only with transport stdio')
    }
  }
  if (block.caBundlePath !== undefined && block.type !== 'entry') {
    report(['caBundlePath'], 'goes only with `type: entry`')
  }
  if (block.stateless === true && block.sessions !== undefined && block.sessions !== 'shared') {
    report(['sessions'], 'contradicts `stateless: true`')
  }
}

function toTarget(v: z.output<typeof backendFields>) {
  if (v.transport === 'stdio' || v.url === undefined) {
    return {
      kind: 'stdio' as const,
      command: v.command ?? '',
      args: v.args ?? [],
      env: v.env ?? {},
      ...(v.cwd === undefined ? {} : { cwd: v.cwd }),
    }
  }
  return {
    kind: 'http' as const,
    url: v.url,
    transport: v.transport === 'sse' ? ('sse' as const) : ('streamable-http' as const),
    ...(v.caBundlePath === undefined ? {} : { caBundlePath: v.caBundlePath }),
  }
}

function checkAggregation(block: Loose<{ [key: string]: unknown }>, report: Report): void {
  const config = (block['conflictResolutionConfig'] ?? {}) as Record<string, unknown>
  const tools = Array.isArray(block['tools']) ? (block['tools'] as unknown[]) : []
  const strategy = block['conflictResolution']
  const order = Array.isArray(config['priorityOrder']) ? (config['priorityOrder'] as unknown[]) : []
  const given = block['conflictResolutionConfig'] !== undefined
  if (given && strategy === 'prefix' && config['prefixFormat'] === undefined) {
    report(
      ['conflictResolutionConfig'],
      'needs `prefixFormat` for the strategy prefix',
      `write prefixFormat: "${DEFAULT_PREFIX_FORMAT}"`,
    )
  }
  if (given && strategy === 'priority' && config['priorityOrder'] === undefined) {
    report(['conflictResolutionConfig'], 'needs `priorityOrder` for the strategy priority')
  }
  if (strategy === 'priority' && config['priorityOrder'] !== undefined && order.length === 0) {
    report(['conflictResolutionConfig', 'priorityOrder'], 'must name at least one backend')
  }
  if (strategy === 'manual' && tools.length === 0) {
    report(['tools'], 'must have at least one item for the strategy manual')
  }
  const entries = tools.map((tool) => (tool as { workload?: unknown } | null)?.workload)
  reportRepeated(entries, report, (index) => ['tools', index, 'workload'])
  reportRepeated(order, report, (index) => ['conflictResolutionConfig', 'priorityOrder', index])
  if (block['defaultToolVisibility'] !== 'deny' || strategy !== 'priority') return
  for (const [index, name] of order.entries()) {
    if (entries.includes(name)) continue
    report(
      ['conflictResolutionConfig', 'priorityOrder', index],
      `"${String(name)}" has no item in aggregation.tools, so defaultToolVisibility: deny hides it`,
      'add an item to aggregation.tools',
    )
  }
}

function reportRepeated(
  names: unknown[],
  report: Report,
  path: (index: number) => PropertyKey[],
): void {
  const seen = new Set<unknown>()
  for (const [index, name] of names.entries()) {
    if (typeof name !== 'string') continue
    if (seen.has(name)) report(path(index), `"${name}" is there twice`)
    seen.add(name)
  }
}

function checkFailureHandling(block: Loose<{ [key: string]: unknown }>, report: Report): void {
  const interval = block['healthCheckInterval']
  const timeout = block['healthCheckTimeout']
  if (typeof interval !== 'number' || typeof timeout !== 'number') return
  if (timeout >= interval && timeout > 0) {
    report(['healthCheckTimeout'], 'must be shorter than healthCheckInterval')
  }
}
