import { after, before, beforeEach } from 'node:test'
import type { RedisCluster } from '../fixtures/redis/redis-cluster.ts'
import type { RedisServer } from '../fixtures/redis/redis-server.ts'
import { startFleet, type Fleet } from './fleet.ts'
import { startRawBackend } from './raw-backend.ts'
import { sendModern, type RawMessage, type RawReply } from './raw-mcp.ts'
import { until } from './until.ts'

export const COUNT = 200
export const ITEMS: readonly string[] = Array.from({ length: COUNT }, (_, at) => `item-${at}`)
export const PER_BACKEND = 8

const PATIENCE_MS = 60_000

const TOOLS = JSON.stringify([
  { name: 'read', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
  { name: 'write', inputSchema: { type: 'object' } },
])

/** Three replicas with Redis whose composite tools `read_all` and `write_all` call one backend for each of `items`. */
export interface LoopFleet extends AsyncDisposable {
  readonly fleet: Fleet
  readonly backend: CountingBackend
  start(name: string, signal?: AbortSignal): Promise<RawReply>
  untilCalled(count: number): Promise<unknown>
  /** How many calls of loops this replica has in its audit log. */
  callsOf(replica: number): number
}

/** A backend that counts. */
export interface CountingBackend {
  /** What it was called with, in order. */
  readonly called: string[]
  active: number
  /** At once, at most. */
  most: number
  /** Calls whose connection was closed before their answer. */
  aborted: number
  delayMs: number
}

/** Opens it, with its Redis, for the tests of the `describe` this is called in; what its backend counted is forgotten before each. */
export function useLoopFleet(startRedis: () => Promise<RedisServer | RedisCluster>): {
  readonly loops: LoopFleet
} {
  let redis: AsyncDisposable | undefined
  let loops: LoopFleet | undefined
  before(async () => {
    const opened = await startRedis()
    redis = opened
    loops = await openLoopFleet(opened)
  })
  after(async () => {
    await loops?.[Symbol.asyncDispose]()
    await redis?.[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    const { backend } = loops!
    backend.called.length = 0
    Object.assign(backend, { most: 0, aborted: 0, delayMs: 10 })
  })
  return {
    get loops() {
      return loops!
    },
  }
}

async function openLoopFleet(redis: RedisServer | RedisCluster): Promise<LoopFleet> {
  const nodes = 'nodes' in redis ? redis.nodes : [redis]
  const place =
    'nodes' in redis ? { cluster: { addresses: redis.addresses } } : { address: redis.address }
  const backend: CountingBackend = { called: [], active: 0, most: 0, aborted: 0, delayMs: 10 }
  const server = await startCounting(backend)
  for (const { admin } of nodes) await admin.flushall()
  const fleet = await startFleet({
    backends: { lab: server.entry },
    sessionStorage: { provider: 'redis', ...place },
    rest: {
      audit: { enabled: true },
      operational: { concurrency: { perBackend: PER_BACKEND } },
      compositeTools: [loopOver('read'), loopOver('write')],
    },
  })
  // The last one knows the others from its start on.
  fleet.next = 2
  await until(
    'all replicas to take iterations',
    async () => {
      const lists = await Promise.all(nodes.map(({ admin }) => admin.client('LIST')))
      const clients = lists.join('\n')
      return (clients.match(/cmd=bzpopmin/g) ?? []).length >= 3 ? true : undefined
    },
    PATIENCE_MS,
  )
  return {
    fleet,
    backend,
    start: (name, signal) =>
      sendModern(
        fleet.url,
        'tools/call',
        { name, arguments: { items: ITEMS } },
        signal === undefined ? {} : { signal },
      ),
    untilCalled: (count) =>
      until(
        `${count} calls`,
        () => (backend.called.length >= count ? true : undefined),
        PATIENCE_MS,
      ),
    callsOf: (replica) =>
      fleet.replicas[replica]!.child.output()
        .split('\n')
        .filter((line) => line.includes('"iteration"') && line.includes('mcp_tool_call')).length,
    async [Symbol.asyncDispose]() {
      await fleet[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

function startCounting(backend: CountingBackend): ReturnType<typeof startRawBackend> {
  return startRawBackend(TOOLS, ({ id, method, text }, response) => {
    if (method !== 'tools/call') return '{}'
    const { params } = JSON.parse(text) as { params: { arguments: { n: string } } }
    const { n } = params.arguments
    backend.called.push(n)
    backend.active += 1
    backend.most = Math.max(backend.most, backend.active)
    let isOver = false
    const over = () => {
      if (!isOver) backend.active -= 1
      isOver = true
    }
    response.on('close', () => {
      if (!isOver) backend.aborted += 1
      over()
    })
    setTimeout(() => {
      over()
      if (response.destroyed) return
      const result = { content: [{ type: 'text', text: n }], structuredContent: { n } }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    }, backend.delayMs)
    return undefined
  })
}

function loopOver(tool: string): object {
  return {
    name: `${tool}_all`,
    description: tool,
    parameters: { type: 'object', properties: { items: { type: 'array' } } },
    timeout: '5m',
    steps: [
      {
        id: 'all',
        type: 'forEach',
        collection: '{{json .params.items}}',
        maxIterations: COUNT,
        maxParallel: 12,
        distribution: 'fleet',
        step: { id: 'one', tool, arguments: { n: '{{.forEach.item}}' } },
      },
    ],
  }
}

export interface LoopOutput {
  readonly iterations: {
    readonly item: string
    readonly status: string
    readonly output: { readonly n: string } | null
  }[]
}

export function outputOf({ result }: RawMessage): LoopOutput {
  return result?.['structuredContent'] as LoopOutput
}

/** What the loop of a failed run gave. */
export function partialOf({ result }: RawMessage): LoopOutput {
  const { steps } = result?.['structuredContent'] as { steps: { all: { output: LoopOutput } } }
  return steps.all.output
}
