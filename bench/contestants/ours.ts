import { existsSync, writeFileSync } from 'node:fs'
import {
  ROOT_FOLDER,
  STDIO_BACKEND,
  type Contestant,
  type Fixtures,
  type Group,
  type Launch,
} from './contestant.ts'
import type { LoadEra } from '../load/requests.ts'

const SOURCE = `${ROOT_FOLDER}src/cli/main.ts`
const BUNDLE = `${ROOT_FOLDER}dist/thv.js`

/** The program that is measured: the bundle where it is built, else the source run directly (BENCH_FROM=src). */
export function oursScript(): string {
  return process.env['BENCH_FROM'] !== 'src' && existsSync(BUNDLE) ? BUNDLE : SOURCE
}

export function oursBundle(): string | undefined {
  return existsSync(BUNDLE) ? BUNDLE : undefined
}

interface Variant {
  readonly name: string
  readonly group: Group
  readonly era: LoadEra
  readonly what: string
  readonly extra?: boolean
  readonly maxConnections?: number
  backend(name: string, fixtures: Fixtures): object
}

const VARIANTS: readonly Variant[] = [
  {
    name: 'ours-http',
    group: 'http',
    era: 'legacy',
    what: 'legacy client, legacy HTTP backend, a backend session per client session',
    backend: (name, { ports }) => http(name, ports.legacy),
  },
  {
    name: 'ours-http-modern',
    group: 'http',
    era: 'modern',
    what: 'modern client (2026-07-28), modern HTTP backend',
    backend: (name, { ports }) => http(name, ports.modern),
  },
  {
    name: 'ours-http-shared',
    group: 'http',
    era: 'legacy',
    extra: true,
    what: 'as ours-http, backend declared stateless: one backend session for all',
    backend: (name, { ports }) => ({ ...http(name, ports.legacy), stateless: true }),
  },
  {
    name: 'ours-http-sse',
    group: 'http',
    era: 'legacy',
    extra: true,
    what: 'as ours-http, the backend answers with event streams',
    backend: (name, { ports }) => ({
      ...http(name, ports.legacy),
      url: `http://127.0.0.1:${ports.legacy}/sse`,
    }),
  },
  {
    name: 'ours-legacy-modern',
    group: 'http',
    era: 'legacy',
    extra: true,
    what: 'across eras: legacy client, modern HTTP backend',
    backend: (name, { ports }) => http(name, ports.modern),
  },
  {
    name: 'ours-modern-legacy',
    group: 'http',
    era: 'modern',
    extra: true,
    what: 'across eras: modern client, legacy HTTP backend',
    backend: (name, { ports }) => http(name, ports.legacy),
  },
  {
    name: 'ours-stdio',
    group: 'stdio',
    era: 'legacy',
    what: 'legacy client, legacy stdio backend declared stateless: one child for all',
    backend: (name) => ({ ...stdio(name, 'legacy'), stateless: true }),
  },
  {
    name: 'ours-stdio-modern',
    group: 'stdio',
    era: 'modern',
    what: 'modern client, modern stdio backend: one child for all',
    backend: (name) => ({ ...stdio(name, 'modern'), stateless: true }),
  },
  {
    name: 'ours-stdio-session',
    group: 'stdio',
    era: 'legacy',
    maxConnections: 16,
    what: 'as ours-stdio, but one child per session (a stateful backend)',
    backend: (name) => ({ ...stdio(name, 'legacy'), sessions: 'perSession' }),
  },
]

/** Ours in all its settings; sessions, audit to a file and metrics are on in each. */
export const OURS: readonly Contestant[] = existsSync(oursScript())
  ? VARIANTS.map(toContestant)
  : []

function toContestant(variant: Variant): Contestant {
  const { backend, ...rest } = variant
  return {
    ...rest,
    path: '/mcp',
    prefix: 'a_',
    launch: (port, fixtures) => launch(port, fixtures, variant.name, backend),
  }
}

function launch(
  port: number,
  fixtures: Fixtures,
  name: string,
  backend: Variant['backend'],
): Launch {
  const names = name.startsWith('ours-stdio') ? ['a'] : ['a', 'b']
  const file = writeConfig(
    fixtures,
    name,
    names.map((label) => backend(label, fixtures)),
  )
  return {
    args: [oursScript(), 'vmcp', 'serve', '--config', file, '--port', String(port)],
    env: { HOME: fixtures.folder, XDG_STATE_HOME: fixtures.folder },
  }
}

/** Writes the file of a gateway of ours with these backends and further sections; its path. */
export function writeConfig(
  fixtures: Fixtures,
  name: string,
  backends: readonly object[],
  rest: object = {},
): string {
  const file = `${fixtures.folder}/${name}.yaml`
  const config = {
    name: 'bench',
    groupRef: 'bench',
    backends,
    incomingAuth: { type: 'anonymous' },
    outgoingAuth: { source: 'inline' },
    aggregation: {
      conflictResolution: 'prefix',
      conflictResolutionConfig: { prefixFormat: '{workload}_' },
    },
    operational: { sessions: { maxSessions: 20_000 } },
    audit: { enabled: true, logFile: `${fixtures.folder}/${name}-audit.log` },
    telemetry: { serviceName: 'bench', enablePrometheusMetricsPath: true, metricsEnabled: true },
    ...rest,
  }
  writeFileSync(file, JSON.stringify(config, undefined, 2))
  return file
}

/** An HTTP backend of the file. */
export function http(name: string, port: number): object {
  return { name, url: `http://127.0.0.1:${port}/mcp`, transport: 'streamable-http' }
}

function stdio(name: string, era: LoadEra): object {
  return {
    name,
    transport: 'stdio',
    command: process.execPath,
    args: [STDIO_BACKEND, '--era', era],
  }
}
