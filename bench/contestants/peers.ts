import {
  BENCH_FOLDER,
  ROOT_FOLDER,
  STDIO_BACKEND,
  type Contestant,
  type Fixtures,
} from './contestant.ts'

const forwarder = `${BENCH_FOLDER}contestants/forwarder.ts`
/** As `src/system/tune-collector.ts` sets them. */
const TUNED = [
  '--external-memory-accounted-in-global-limit',
  '--external-memory-max-growing-factor=4',
  '--no-allocation-site-pretenuring',
  '--memory-reducer-delay-ms=600000',
]
const bin = (path: string): string => `${ROOT_FOLDER}node_modules/${path}`
const stdioCommand = `${process.execPath} ${STDIO_BACKEND} --era legacy`

export const DIRECT: Contestant = {
  name: 'direct',
  group: 'http',
  era: 'legacy',
  directPort: (fixtures) => fixtures.ports.legacy,
  path: '/mcp',
  prefix: '',
  what: 'no gateway: the CPU is that of the fixture backend',
}

export const FLOOR: Contestant = {
  name: 'floor',
  group: 'http',
  era: 'legacy',
  launch: (port, fixtures) => forward(port, fixtures, 'mcp', 'raw'),
  path: '/mcp',
  prefix: '',
  what: 'bare node:http + undici `request`, bytes passed through unread',
}

export const FLOOR_TUNED: Contestant = {
  ...FLOOR,
  name: 'floor-tuned',
  extra: true,
  launch: (port, fixtures) => {
    const { args } = forward(port, fixtures, 'mcp', 'raw')
    return { args: [...TUNED, ...args] }
  },
  what: 'the floor with the flags ours sets for V8 (docs/decisions/008): tells what is theirs and what is our code',
}

export const FLOOR_PARSED: Contestant = {
  name: 'floor-parsed',
  group: 'http',
  era: 'legacy',
  launch: (port, fixtures) => forward(port, fixtures, 'mcp', 'parsed'),
  path: '/mcp',
  prefix: '',
  what: 'the same, but parse, route, new id and stringify both ways',
}

export const FLOOR_SSE: Contestant = {
  name: 'floor-sse',
  group: 'http',
  era: 'legacy',
  launch: (port, fixtures) => forward(port, fixtures, 'sse', 'raw'),
  path: '/mcp',
  prefix: '',
  extra: true,
  what: 'the floor where the backend answers with event streams',
}

export const SDK_AGGREGATOR: Contestant = {
  name: 'sdk2-agg',
  group: 'http',
  era: 'legacy',
  launch: (port, { ports }) => ({
    args: [
      `${BENCH_FOLDER}contestants/sdk-aggregator.ts`,
      String(port),
      `a=http://127.0.0.1:${ports.legacy}/mcp`,
      `b=http://127.0.0.1:${ports.legacy}/b`,
    ],
  }),
  path: '/mcp',
  prefix: 'a_',
  what: 'aggregator on the official SDK v2: a Server and transport per session, a shared Client per backend',
}

export const FLOOR_STDIO: Contestant = {
  name: 'floor-stdio',
  group: 'stdio',
  era: 'legacy',
  launch: (port) => ({
    args: [
      `${BENCH_FOLDER}contestants/stdio-forwarder.ts`,
      String(port),
      ...stdioCommand.split(' '),
    ],
  }),
  path: '/mcp',
  prefix: '',
  what: 'bare node:http → one child, ids replaced, parse and stringify; nothing else',
}

export const SUPERGATEWAY: Contestant = {
  name: 'supergateway',
  group: 'stdio',
  era: 'legacy',
  launch: (port) => ({
    args: [
      bin('supergateway/dist/index.js'),
      '--stdio',
      stdioCommand,
      '--outputTransport',
      'streamableHttp',
      '--stateful',
      '--logLevel',
      'none',
      '--port',
      String(port),
    ],
  }),
  path: '/mcp',
  prefix: '',
  maxConnections: 16,
  what: 'supergateway --stateful: one child per session',
}

export const MCP_PROXY: Contestant = {
  name: 'mcp-proxy',
  group: 'stdio',
  era: 'legacy',
  launch: (port) => ({
    args: [
      bin('mcp-proxy/dist/bin/mcp-proxy.mjs'),
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--server',
      'stream',
      '--',
      ...stdioCommand.split(' '),
    ],
  }),
  path: '/mcp',
  prefix: '',
  what: 'mcp-proxy: one child for all sessions',
}

function forward(port: number, fixtures: Fixtures, path: string, mode: string): { args: string[] } {
  const upstream = `http://127.0.0.1:${fixtures.ports.legacy}/${path}`
  return { args: [forwarder, String(port), upstream, mode] }
}
