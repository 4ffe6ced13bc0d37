import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { NO_REDIS, startRedis, type RedisServer } from '../fixtures/redis/redis-server.ts'
import { startFleet, type Fleet } from '../support/fleet.ts'
import { openModern, sendModern, type RawMessage } from '../support/raw-mcp.ts'
import { startRawBackend, type RawBackend } from '../support/raw-backend.ts'
import { until } from '../support/until.ts'

const PATIENCE_MS = 60_000
const COUNT = 200

const TOOLS = JSON.stringify([
  { name: 'read', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
  { name: 'write', inputSchema: { type: 'object' } },
])

function loopOver(tool: string, rest: object = {}): object {
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
        ...rest,
      },
    ],
  }
}

const ITEMS = Array.from({ length: COUNT }, (_, at) => `item-${at}`)

describe('a loop over a fleet with Redis', { skip: NO_REDIS, timeout: 180_000 }, () => {
  let redis: RedisServer
  let backend: RawBackend
  let fleet: Fleet
  /** What the backend was called with, in order; how many at once at most; whose connections were closed before the answer. */
  const called: string[] = []
  let active = 0
  let most = 0
  let aborted = 0
  let delayMs = 10

  before(async () => {
    redis = await startRedis()
    backend = await startRawBackend(TOOLS, ({ id, method, text }, response) => {
      if (method !== 'tools/call') return '{}'
      const { params } = JSON.parse(text) as { params: { arguments: { n: string } } }
      const { n } = params.arguments
      called.push(n)
      active += 1
      most = Math.max(most, active)
      let isOver = false
      const over = () => {
        if (!isOver) active -= 1
        isOver = true
      }
      response.on('close', () => {
        if (!isOver) aborted += 1
        over()
      })
      setTimeout(() => {
        over()
        if (response.destroyed) return
        const result = { content: [{ type: 'text', text: n }], structuredContent: { n } }
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
      }, delayMs)
      return undefined
    })
  })
  after(async () => {
    await backend?.[Symbol.asyncDispose]()
    await redis?.[Symbol.asyncDispose]()
  })

  beforeEach(() => {
    called.length = 0
    most = 0
    aborted = 0
    delayMs = 10
  })

  const open = async (): Promise<void> => {
    await redis.admin.flushall()
    fleet = await startFleet({
      backends: { lab: backend.entry },
      sessionStorage: { provider: 'redis', address: redis.address },
      rest: {
        audit: { enabled: true },
        operational: { concurrency: { perBackend: 8 } },
        compositeTools: [loopOver('read'), loopOver('write')],
      },
    })
    // The last one knows the others from its start on.
    fleet.next = 2
    await until(
      'all replicas to take iterations',
      async () => {
        const clients = String(await redis.admin.client('LIST'))
        return (clients.match(/cmd=bzpopmin/g) ?? []).length >= 3 ? true : undefined
      },
      PATIENCE_MS,
    )
  }
  const close = async (): Promise<void> => {
    await fleet?.[Symbol.asyncDispose]()
  }

  const start = (name: string) =>
    sendModern(fleet.url, 'tools/call', { name, arguments: { items: ITEMS } })
  /** How many calls of the loop this replica has in its audit log. */
  const callsOf = (replica: number): number =>
    fleet.replicas[replica]!.child.output()
      .split('\n')
      .filter((line) => line.includes('"iteration"') && line.includes('mcp_tool_call')).length
  const untilCalled = (count: number) =>
    until(`${count} calls`, () => (called.length >= count ? true : undefined), PATIENCE_MS)

  describe('of three replicas', () => {
    before(open)
    after(close)

    it('is done once for each item, in order, on several replicas, within the budget', async () => {
      const { response } = await start('read_all')
      const { iterations, ...counts } = outputOf(response)
      assert.deepEqual(
        counts,
        { count: COUNT, completed: COUNT, failed: 0 },
        JSON.stringify(response),
      )
      assert.deepEqual(
        iterations.map(({ item }) => item),
        ITEMS,
      )
      assert.deepEqual(
        iterations.map(({ output }) => output?.n),
        ITEMS,
      )
      assert.deepEqual(called.toSorted(), ITEMS.toSorted())
      const shares = await until('all calls in the audit logs', () => {
        const each = [0, 1, 2].map(callsOf)
        return each.reduce((sum, one) => sum + one, 0) === COUNT ? each : undefined
      })
      assert.ok(shares.filter((one) => one > 0).length >= 2, shares.join(', '))
      assert.ok(most <= 8, `${most} at once`)
    })

    it('ends everywhere when its client does not want it any more', async () => {
      delayMs = 20_000
      const enough = new AbortController()
      const opened = openModern(
        fleet.url,
        'tools/call',
        { name: 'write_all', arguments: { items: ITEMS } },
        { signal: enough.signal },
      )
      opened.catch(() => {})
      await untilCalled(8)
      enough.abort()
      await until('the calls to be broken off', () => (active === 0 ? true : undefined), 15_000)
      assert.ok(aborted >= 8, String(aborted))
      assert.ok(called.length <= 12, String(called.length))
    })

    it('is finished by the others when a worker is killed', async () => {
      delayMs = 50
      const running = start('read_all')
      await untilCalled(40)
      await fleet.kill(0)
      const { iterations, ...counts } = outputOf((await running).response)
      assert.deepEqual(counts, { count: COUNT, completed: COUNT, failed: 0 })
      assert.deepEqual(
        iterations.map(({ output }) => output?.n),
        ITEMS,
      )
    })

    it('goes on elsewhere when the replica of its run is killed', async () => {
      delayMs = 50
      start('read_all').catch(() => {})
      await untilCalled(40)
      await fleet.kill(2)
      await until(
        'the run to be completed',
        async () => {
          const output = fleet.replicas[1]!.child.output()
          return output.includes('vmcp_workflow_completed') ? true : undefined
        },
        PATIENCE_MS,
      )
      assert.deepEqual([...new Set(called)].toSorted(), ITEMS.toSorted())
      // What was done and written down is not done again.
      assert.ok(called.length <= COUNT + 24, String(called.length))
    })
  })

  describe('of three replicas that change something', () => {
    before(open)
    after(close)

    it('does nothing twice when a worker is killed, and names what nobody knows', async () => {
      delayMs = 100
      const running = start('write_all')
      await untilCalled(40)
      await fleet.kill(0)
      const { response } = await running
      assert.equal(response.result?.['isError'], true, JSON.stringify(response))
      const text = JSON.stringify(response.result)
      const named = /outcome unknown of step [^:]*: iterations? ([\d, ]+):/.exec(text)?.[1] ?? ''
      assert.notEqual(named, '', text.slice(0, 2000))
      assert.equal(new Set(called).size, called.length, 'nothing is called twice')
      const { iterations } = partialOf(response)
      const doubtful = named.split(', ').map(Number)
      const ended = iterations.filter(({ status }) => status === 'completed')
      for (const { item } of ended) assert.ok(called.includes(item), item)
      // Whatever was called is either done or named.
      for (const item of called) {
        const index = ITEMS.indexOf(item)
        const isDone = iterations[index]?.status === 'completed'
        assert.ok(
          isDone || doubtful.includes(index),
          `${item}: ${JSON.stringify(iterations[index])}`,
        )
      }
    })
  })
})

interface LoopOutput {
  readonly iterations: {
    readonly item: string
    readonly status: string
    readonly output: { readonly n: string } | null
  }[]
}

function outputOf({ result }: RawMessage): LoopOutput {
  return result?.['structuredContent'] as LoopOutput
}

/** What the steps of a failed run gave. */
function partialOf({ result }: RawMessage): LoopOutput {
  const { steps } = result?.['structuredContent'] as { steps: { all: { output: LoopOutput } } }
  return steps.all.output
}
