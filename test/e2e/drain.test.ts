import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectHttp } from '../support/clients.ts'
import { startFixture } from '../support/fixture.ts'
import {
  gatewayConfig,
  startGateway,
  type Gateway,
  type GatewayOptions,
} from '../support/gateway.ts'
import { callIn, callModern, isAlive, stdioLab } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openModern, openSession, sendModern } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

const start = (lab: Lab, timeout: string, options: GatewayOptions = {}) =>
  startGateway(gatewayConfig({ lab: lab.entry }, { operational: { drain: { timeout } } }), options)

const exitOf = async ({ child }: Gateway): Promise<number | null> => {
  if (child.process.exitCode !== null) return child.process.exitCode
  const [code] = (await once(child.process, 'exit')) as [number | null]
  return code
}

describe('SIGTERM', () => {
  it('lets calls in flight finish, takes no new session, and ends with 0', async () => {
    await using lab = await startLab()
    await using gateway = await start(lab, '10s')
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'count'), '1')
    const stream = await session.get()
    const legacy = callIn(session, 'wait', { ms: 1500 })
    const modern = callModern(gateway.url, 'wait', { ms: 1500 })
    const upgraded = openModern(
      gateway.url,
      'tools/call',
      { name: 'wait', arguments: { ms: 1500, progressMs: 200 } },
      { meta: { progressToken: 1 } },
    )
    await sleep(300)
    const startedAt = performance.now()
    const exit = exitOf(gateway)
    gateway.child.process.kill('SIGTERM')
    const ready = await until('not ready', async () => {
      const response = await fetch(`${gateway.origin}/readyz`)
      return response.status === 503 ? response : undefined
    })
    assert.ok(performance.now() - startedAt < 1200, 'readiness is withdrawn at once')
    assert.deepEqual(await ready.json(), { status: 'not_ready', reason: 'draining' })
    assert.equal((await fetch(`${gateway.origin}/health`)).status, 200, 'it is alive')
    const refused = await fetch(gateway.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: {
          protocolVersion: '2025-11-25',
          capabilities: {},
          clientInfo: { name: 'late', version: '1' },
        },
      }),
    })
    assert.equal(refused.status, 503)
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    assert.equal((await fetch(`${gateway.origin}/sse`)).status, 503)
    assert.equal(await legacy, 'done wait')
    assert.equal(await modern, 'done wait')
    assert.match(await (await upgraded).text(), /done wait/)
    assert.equal(await exit, 0, gateway.child.output())
    await stream.text()
    assert.ok(performance.now() - startedAt < 8000, 'it ends when the calls have')
    await until('the end of the sessions at the backend', () =>
      lab.sessions().length === 0 ? true : undefined,
    )
  })

  it('cuts off what takes longer than operational.drain.timeout, with an error', async () => {
    await using lab = await startLab()
    await using gateway = await start(lab, '500ms')
    const session = await openSession(gateway.url)
    const legacy = callIn(session, 'wait', { ms: 20_000 })
    const modern = callModern(gateway.url, 'wait', { ms: 20_000 })
    await sleep(200)
    const startedAt = performance.now()
    gateway.child.process.kill('SIGTERM')
    assert.match(await legacy, /error .*shutting down/)
    assert.match(await modern, /error .*shutting down/)
    assert.equal(await exitOf(gateway), 0)
    const ms = performance.now() - startedAt
    assert.ok(ms > 400 && ms < 8000, String(ms))
  })

  it('twice ends it at once', async () => {
    await using lab = await startLab()
    await using gateway = await startGateway(
      gatewayConfig(
        { lab: lab.entry, local: stdioLab() },
        { operational: { drain: { timeout: '1m' } } },
      ),
    )
    const session = await openSession(gateway.url)
    const pid = Number(await callModern(gateway.url, 'count').then(() => callIn(session, 'pid')))
    const call = callIn(session, 'wait', { ms: 20_000 }).catch(() => 'cut')
    await sleep(200)
    gateway.child.process.kill('SIGTERM')
    await gateway.child.waitFor(/stopping/, 2000)
    const startedAt = performance.now()
    gateway.child.process.kill('SIGTERM')
    assert.equal(await exitOf(gateway), 1)
    assert.ok(performance.now() - startedAt < 2000)
    assert.equal(await call, 'cut')
    await until('the end of its processes', async () => ((await isAlive(pid)) ? undefined : true))
  })

  it('while it starts ends it in order', async () => {
    await using lab = await startLab()
    lab.delayMs = 60_000
    await using gateway = await start(lab, '1s', { until: 'listening' })
    const startedAt = performance.now()
    gateway.child.process.kill('SIGTERM')
    assert.equal(await exitOf(gateway), 0, gateway.child.output())
    assert.ok(performance.now() - startedAt < 8000)
  })

  it('ends subscriptions with their result and parked calls with an error', async () => {
    await using fixture = await startFixture('http-legacy', { extras: true })
    await using gateway = await startGateway(
      gatewayConfig({ fixture: fixture.entry }, { operational: { drain: { timeout: '3s' } } }),
    )
    const listening = await openModern(gateway.url, 'subscriptions/listen', {
      notifications: { toolsListChanged: true },
    })
    const asked = await sendModern(
      gateway.url,
      'tools/call',
      { name: 'test_elicitation', arguments: { message: 'Who?' } },
      { capabilities: { elicitation: { form: {} } } },
    )
    const { requestState, resultType } = asked.response.result ?? {}
    assert.equal(resultType, 'input_required', JSON.stringify(asked.response))
    await using peer = await connectHttp(gateway.url, { era: 'legacy' })
    const startedAt = performance.now()
    const exit = exitOf(gateway)
    gateway.child.process.kill('SIGTERM')
    const events = await listening.text()
    assert.match(events, /"result":/, 'the subscription ends with its result')
    assert.ok(performance.now() - startedAt < 2500, 'and does not wait for the calls')
    assert.equal(await exit, 0)
    assert.ok(performance.now() - startedAt < 10_000)
    assert.ok(requestState !== undefined)
    await peer.client.ping().then(
      () => assert.fail('nobody is there'),
      () => {},
    )
  })
})
