import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NO_REDIS, startRedis } from '../fixtures/redis/redis-server.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { callIn, callModern, said } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openSession, readEvents, sendModern, type RawReply } from '../support/raw-mcp.ts'
import { createTempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'

const META_KEY = 'toolhive.stacklok.dev/idempotencyKey'

/** A replica: several share a store file. */
const startReplica = (lab: Lab, folder: string, drain: Record<string, string>): Promise<Gateway> =>
  startGateway(
    gatewayConfig(
      { lab: lab.entry },
      {
        operational: { drain },
        sessionStorage: { provider: 'sqlite', path: join(folder, 'sessions.db') },
      },
    ),
  )

const exitOf = async ({ child }: Gateway): Promise<number | null> => {
  if (child.process.exitCode !== null) return child.process.exitCode
  const [code] = (await once(child.process, 'exit')) as [number | null]
  return code
}

/** How many calls that take long reached the backend. */
const waits = (lab: Lab): number => lab.executed.filter((name) => name === 'wait').length

interface UnknownOutcome {
  readonly code: string
  readonly idempotencyKey: string
  readonly hint: string
}

function unknownOutcome({ response }: RawReply): UnknownOutcome {
  assert.match(response.error?.message ?? JSON.stringify(response), /^Outcome unknown/)
  return response.error?.data as UnknownOutcome
}

const wait = (url: string, ms: number, key?: string): Promise<RawReply> =>
  sendModern(
    url,
    'tools/call',
    { name: 'wait', arguments: { ms } },
    key === undefined ? {} : { meta: { [META_KEY]: key } },
  )

describe('leaving in order', () => {
  it('serves on for drain.delay after readiness is withdrawn', async () => {
    await using lab = await startLab()
    await using folder = await createTempDir()
    await using gateway = await startReplica(lab, folder.path, { delay: '2s' })
    const startedAt = performance.now()
    const exit = exitOf(gateway)
    gateway.child.process.kill('SIGTERM')
    await until('not ready', async () =>
      (await fetch(`${gateway.origin}/readyz`)).status === 503 ? true : undefined,
    )
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'count'), '1', 'a new session in the delay')
    assert.equal(await exit, 0)
    assert.ok(performance.now() - startedAt >= 2000)
  })

  it('tells a call that takes too long its key, and its answer can be fetched from another replica', async () => {
    await using lab = await startLab()
    await using folder = await createTempDir()
    await using leaving = await startReplica(lab, folder.path, {
      timeout: '500ms',
      gracePeriod: '20s',
    })
    await using staying = await startReplica(lab, folder.path, {})
    const session = await openSession(leaving.url)
    const startedAt = performance.now()
    const modern = wait(leaving.url, 3000)
    const legacy = session.send('tools/call', { name: 'wait', arguments: { ms: 3000 } })
    await until('both calls at the backend', () => (waits(lab) === 2 ? true : undefined))
    const exit = exitOf(leaving)
    leaving.child.process.kill('SIGTERM')
    const outcomes = [unknownOutcome(await modern), unknownOutcome(await legacy)]
    assert.ok(performance.now() - startedAt < 2900, 'told before the backend has answered')
    for (const { code, idempotencyKey } of outcomes) {
      assert.equal(code, 'GATEWAY_OUTCOME_UNKNOWN')
      assert.equal(said(await wait(staying.url, 3000, idempotencyKey)), 'done wait')
      assert.equal(said(await wait(staying.url, 3000, idempotencyKey)), 'done wait', 'again')
    }
    assert.equal(waits(lab), 2, 'neither ran twice')
    assert.equal(await exit, 0, leaving.child.output())
  })

  it('says that the outcome is unknown when the answer never came', async () => {
    await using lab = await startLab()
    await using folder = await createTempDir()
    await using leaving = await startReplica(lab, folder.path, { timeout: '300ms' })
    await using staying = await startReplica(lab, folder.path, {})
    const modern = wait(leaving.url, 30_000)
    await until('the call at the backend', () => (waits(lab) === 1 ? true : undefined))
    leaving.child.process.kill('SIGTERM')
    const { idempotencyKey } = unknownOutcome(await modern)
    assert.equal(await exitOf(leaving), 0)
    unknownOutcome(await wait(staying.url, 30_000, idempotencyKey))
    assert.equal(waits(lab), 1)
  })

  it('knows the outcome of a call whose replica was killed only if it was answered', async () => {
    await using lab = await startLab()
    await using folder = await createTempDir()
    await using killed = await startReplica(lab, folder.path, {})
    await using staying = await startReplica(lab, folder.path, {})
    assert.equal(said(await wait(killed.url, 10, 'done-before')), 'done wait')
    const lost = wait(killed.url, 30_000, 'not-answered').catch(() => 'cut')
    await until('the call at the backend', () => (waits(lab) === 2 ? true : undefined))
    killed.child.process.kill('SIGKILL')
    assert.equal(await lost, 'cut')
    assert.equal(said(await wait(staying.url, 10, 'done-before')), 'done wait')
    unknownOutcome(await wait(staying.url, 30_000, 'not-answered'))
    assert.equal(waits(lab), 2)
  })

  it('sends streams that only wait away at once, with the time to come back', async () => {
    await using lab = await startLab()
    await using folder = await createTempDir()
    await using gateway = await startReplica(lab, folder.path, { timeout: '5s' })
    const session = await openSession(gateway.url)
    const stream = await session.get()
    const startedAt = performance.now()
    const call = callIn(session, 'wait', { ms: 1500 })
    await sleep(200)
    gateway.child.process.kill('SIGTERM')
    const events = await Array.fromAsync(readEvents(stream))
    assert.ok(performance.now() - startedAt < 1400, 'the stream ends before the call')
    assert.ok((events.at(-1)?.retryMs ?? 0) > 0)
    assert.equal(await call, 'done wait')
    assert.equal(await callModern(gateway.url, 'count').catch(() => 'gone'), 'gone')
  })

  it(
    'is gone before the headroom begins though the store stands still, and tells no client that its call was cancelled',
    { skip: NO_REDIS },
    async () => {
      await using lab = await startLab()
      await using redis = await startRedis()
      await using gateway = await startGateway(
        gatewayConfig(
          { lab: lab.entry },
          {
            operational: { drain: { timeout: '1s', gracePeriod: '6s', headroom: '2s' } },
            sessionStorage: { provider: 'redis', address: redis.address },
          },
        ),
      )
      const session = await openSession(gateway.url)
      assert.equal(await callIn(session, 'count'), '1')
      const legacy = session.send('tools/call', { name: 'wait', arguments: { ms: 30_000 } })
      const modern = wait(gateway.url, 30_000)
      await until('both calls at the backend', () => (waits(lab) === 2 ? true : undefined))
      redis.pause()
      try {
        const startedAt = performance.now()
        const exit = exitOf(gateway)
        gateway.child.process.kill('SIGTERM')
        for (const outcome of [unknownOutcome(await modern), unknownOutcome(await legacy)]) {
          assert.match(outcome.hint, /^Look whether it took effect/)
        }
        assert.equal(await exit, 0, gateway.child.output())
        const tookMs = performance.now() - startedAt
        assert.ok(tookMs < 5_000, `${tookMs} ms, the grace period is 6 s`)
      } finally {
        redis.resume()
      }
    },
  )
})
