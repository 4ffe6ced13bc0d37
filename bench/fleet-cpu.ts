import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { NO_REDIS, startRedis } from '../test/fixtures/redis/redis-server.ts'
import { gatewayConfig, startGateway, type Gateway } from '../test/support/gateway.ts'
import { startLab } from '../test/support/lab.ts'
import { openSession } from '../test/support/raw-mcp.ts'

/**
 * CPU of one replica per tools/call of a legacy session, in three ways of keeping sessions: in memory, in Redis alone, in Redis
 * as one of a fleet. `node bench/fleet-cpu.ts [rounds] [calls per round]`. The rounds take turns, so that a busy machine
 * disturbs all alike; compare medians.
 */
const ROUNDS = Number(process.argv[2] ?? 10)
const CALLS = Number(process.argv[3] ?? 3_000)
const CONNECTIONS = 16
/** Of `/proc/PID/stat`, microseconds. */
const CLOCK_TICK_US = 10_000

if (NO_REDIS !== false) {
  console.log(NO_REDIS)
  process.exit(1)
}
const lab = await startLab()
const redis = await startRedis()
const inRedis = { sessionStorage: { provider: 'redis', address: redis.address } }
const ways: Record<string, Record<string, unknown>> = {
  memory: { sessionStorage: { provider: 'memory' } },
  'redis, alone': { ...inRedis, cluster: { enabled: false } },
  'redis, in a fleet': inRedis,
}
const agent = new Agent({ connections: CONNECTIONS })
const gateways: [string, Gateway][] = []
for (const [name, rest] of Object.entries(ways)) {
  gateways.push([name, await startGateway(gatewayConfig({ lab: lab.entry }, rest))])
}
const costs = new Map<string, number[]>()
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, gateway] of gateways) {
    costs.set(name, [...(costs.get(name) ?? []), await costOfCall(gateway)])
  }
}
const base = median(costs.get('memory') ?? [])
for (const [name, all] of costs) {
  const middle = median(all)
  const ratio = (middle / base).toFixed(2)
  console.log(
    `${name}: ${middle.toFixed(0)} µs per call, ${ratio} of memory; rounds: ${all.map((us) => us.toFixed(0)).join(' ')}`,
  )
}
for (const [, gateway] of gateways) await gateway[Symbol.asyncDispose]()
await agent.close()
await lab[Symbol.asyncDispose]()
await redis[Symbol.asyncDispose]()

async function costOfCall(gateway: Gateway): Promise<number> {
  const pid = gateway.child.process.pid ?? 0
  const sessions = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => openSession(gateway.url)),
  )
  const ids = sessions.map(({ id }) => id)
  await call(gateway.url, ids, CALLS / 5)
  const before = cpuTicks(pid)
  await call(gateway.url, ids, CALLS)
  return ((cpuTicks(pid) - before) * CLOCK_TICK_US) / CALLS
}

async function call(url: string, sessions: readonly string[], count: number): Promise<void> {
  let left = count
  const client = async (session: string): Promise<void> => {
    while (left-- > 0) {
      const { body } = await request(url, {
        dispatcher: agent,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-session-id': session,
          'mcp-protocol-version': '2025-11-25',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: left,
          method: 'tools/call',
          params: { name: 'count', arguments: {} },
        }),
      })
      await body.text()
    }
  }
  await Promise.all(sessions.map(client))
}

function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
