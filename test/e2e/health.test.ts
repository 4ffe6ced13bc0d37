import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { callIn, callModern, said, toolNames } from '../support/lab-client.ts'
import { startLab } from '../support/lab.ts'
import { findMessage, openSession, sendModern } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

const PREFIXED = {
  aggregation: {
    conflictResolution: 'prefix',
    conflictResolutionConfig: { prefixFormat: '{workload}_' },
  },
}
const AWAY = { transport: 'streamable-http', url: 'http://127.0.0.1:9/mcp' }

interface Health {
  readonly summary: Record<string, number>
  readonly backends: Record<string, Record<string, unknown>>
}

const healthOf = async ({ origin }: Gateway) =>
  (await (await fetch(`${origin}/api/backends/health`)).json()) as Health
const stateOf = async (gateway: Gateway, backend: string) =>
  (await healthOf(gateway)).backends[backend] ?? {}

describe('the circuit breaker', () => {
  it('opens on failing calls, refuses fast, lets one call try, and closes when that works', async () => {
    await using lab = await startLab()
    await using good = await startLab()
    await using gateway = await startGateway(
      gatewayConfig(
        { lab: lab.entry, good: good.entry },
        {
          ...PREFIXED,
          operational: {
            failureHandling: {
              healthCheckInterval: '10m',
              circuitBreaker: { enabled: true, failureThreshold: 3, timeout: '2s' },
            },
          },
        },
      ),
    )
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'lab_count'), '1')
    lab.refuseWith = 500
    for (let n = 0; n < 3; n++) {
      assert.match(await callIn(session, 'lab_write'), /HTTP 500/)
    }
    assert.equal((await stateOf(gateway, 'lab'))['CircuitState'], 'open')
    const startedAt = performance.now()
    const refused = await session.send('tools/call', { name: 'lab_write', arguments: {} })
    assert.match(said(refused), /"lab" failed too often; its circuit breaker is open/)
    assert.match(JSON.stringify(refused.response.error?.data), /circuitBreaker\.timeout/)
    assert.ok(performance.now() - startedAt < 1000)
    assert.equal(await callIn(session, 'good_count'), '1')
    assert.ok((await toolNames(gateway.url)).includes('lab_count'), 'its tools stay listed')

    await sleep(2000)
    assert.match(await callIn(session, 'lab_write'), /HTTP 500/, 'one may try')
    assert.match(await callIn(session, 'lab_write'), /circuit breaker is open/)

    lab.refuseWith = undefined
    lab.executed.length = 0
    await sleep(2000)
    const trial = callIn(session, 'lab_wait', { ms: 1000 })
    await sleep(50)
    assert.equal((await stateOf(gateway, 'lab'))['CircuitState'], 'half_open')
    assert.match(await callIn(session, 'lab_write'), /circuit breaker is open/)
    assert.equal(await trial, 'done wait')
    assert.deepEqual(lab.executed, ['wait'])
    assert.equal((await stateOf(gateway, 'lab'))['CircuitState'], 'closed')
    assert.equal(await callIn(session, 'lab_count'), '2')
  })

  it('does not count what tools say or callers do wrong', async () => {
    await using lab = await startLab()
    await using gateway = await startGateway(
      gatewayConfig(
        { lab: lab.entry },
        {
          operational: {
            failureHandling: { circuitBreaker: { enabled: true, failureThreshold: 1 } },
          },
        },
      ),
    )
    const session = await openSession(gateway.url)
    for (let n = 0; n < 3; n++) {
      assert.equal(await callIn(session, 'fail'), 'it failed')
      assert.match(await callIn(session, 'nothing'), /Unknown tool/)
    }
    assert.equal(await callIn(session, 'count'), '1')
  })
})

describe('partial failure', () => {
  it('fails lists while a backend is missing, if the file says fail; calls to others go on', async () => {
    await using lab = await startLab()
    await using gateway = await startGateway(
      gatewayConfig(
        { lab: lab.entry, away: AWAY },
        { ...PREFIXED, operational: { failureHandling: { partialFailureMode: 'fail' } } },
      ),
      { until: 'listening' },
    )
    await until('lab', async () =>
      (await callModern(gateway.url, 'lab_count')) === '1' ? true : undefined,
    )
    const { response } = await sendModern(gateway.url, 'tools/list')
    assert.match(response.error?.message ?? '', /not available: away/)
    const ready = await fetch(`${gateway.origin}/readyz`)
    assert.equal(ready.status, 503)
    assert.deepEqual(await ready.json(), {
      status: 'not_ready',
      reason: 'backends_missing',
      backends: ['away'],
    })
  })

  it('counts a backend as missing that died later, and as there when it is back', async () => {
    await using lab = await startLab()
    await using mortal = await startLab()
    await using gateway = await startGateway(
      gatewayConfig(
        { lab: lab.entry, mortal: mortal.entry },
        {
          ...PREFIXED,
          operational: {
            failureHandling: {
              partialFailureMode: 'fail',
              healthCheckInterval: '300ms',
              healthCheckTimeout: '200ms',
              unhealthyThreshold: 2,
            },
          },
        },
      ),
    )
    const ready = async (status: number): Promise<Response> =>
      until(`readyz ${status}`, async () => {
        const answer = await fetch(`${gateway.origin}/readyz`)
        return answer.status === status ? answer : undefined
      })
    await ready(200)
    mortal.refuseWith = 500
    const missing = { status: 'not_ready', reason: 'backends_missing', backends: ['mortal'] }
    assert.deepEqual(await (await ready(503)).json(), missing)
    const { response } = await sendModern(gateway.url, 'tools/list')
    assert.match(response.error?.message ?? '', /not available: mortal/)
    const status = (await (await fetch(`${gateway.origin}/status`)).json()) as { healthy: boolean }
    assert.equal(status.healthy, true)
    mortal.refuseWith = undefined
    await ready(200)
  })

  it('lists what is there, if the file says best_effort', async () => {
    await using lab = await startLab()
    await using gateway = await startGateway(
      gatewayConfig(
        { lab: lab.entry, away: AWAY },
        { ...PREFIXED, operational: { failureHandling: { partialFailureMode: 'best_effort' } } },
      ),
    )
    assert.equal((await toolNames(gateway.url)).length, 6)
    assert.equal((await fetch(`${gateway.origin}/readyz`)).status, 200)
  })
})

describe('a backend that wants credentials', () => {
  it('counts as unauthenticated, not as broken', async () => {
    await using lab = await startLab()
    await using locked = await startLab()
    locked.refuseWith = 401
    await using gateway = await startGateway(
      gatewayConfig({ lab: lab.entry, locked: locked.entry }, PREFIXED),
    )
    const state = await until('the state', async () => {
      const now = await stateOf(gateway, 'locked')
      return now['Status'] === 'unknown' ? undefined : now
    })
    assert.equal(state['Status'], 'unauthenticated')
    assert.equal(state['LastErrorCategory'], 'authentication')
    assert.equal((await healthOf(gateway)).summary['Unauthenticated'], 1)
    lab.refuseWith = 401
    assert.match(await callModern(gateway.url, 'lab_count'), /error .*HTTP 401/)
    assert.equal((await stateOf(gateway, 'lab'))['Status'], 'unauthenticated')
    lab.refuseWith = undefined
    assert.equal(await callModern(gateway.url, 'lab_count'), '1')
    assert.equal((await stateOf(gateway, 'lab'))['Status'], 'healthy')
  })
})

describe('a backend that hangs', () => {
  it('delays neither the start, nor lists, nor calls of others', async () => {
    await using mute = await startMute()
    await using lab = await startLab()
    await using slow = await startLab()
    slow.delayMs = 2000
    const hanging = { transport: 'streamable-http', url: mute.url }
    const silent = {
      transport: 'stdio',
      command: process.execPath,
      args: ['-e', 'setTimeout(() => {}, 1e6)'],
    }

    const alone = await timeToTools({ lab: lab.entry })
    const among = await timeToTools({ hanging, silent, slow: slow.entry, lab: lab.entry })
    await using gateway = among.gateway
    await alone.gateway[Symbol.asyncDispose]()
    // Far less than the ten seconds one may take to connect.
    assert.ok(among.ms < alone.ms + 4000, `${among.ms} ms instead of ${alone.ms} ms`)

    const times: number[] = []
    const session = await openSession(gateway.url)
    const heard = findMessage(
      await session.get(),
      ({ method }) => method === 'notifications/tools/list_changed',
    )
    for (let n = 1; n <= 20; n++) {
      const startedAt = performance.now()
      await toolNames(gateway.url)
      assert.equal(await callIn(session, 'lab_count'), String(n))
      times.push(performance.now() - startedAt)
    }
    const median = times.toSorted((a, b) => a - b)[10] ?? 0
    assert.ok(median < 200, `a list and a call take ${median} ms`)
    assert.ok(!(await toolNames(gateway.url)).includes('slow_count'))
    await heard
    assert.ok((await toolNames(gateway.url)).includes('slow_count'), 'the rest came as a change')
  })

  async function timeToTools(backends: Record<string, Record<string, unknown>>) {
    const startedAt = performance.now()
    const gateway = await startGateway(gatewayConfig(backends, PREFIXED))
    return { gateway, ms: performance.now() - startedAt }
  }
})

/** Takes connections and never says a word. */
async function startMute(): Promise<{ url: string } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => void sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
