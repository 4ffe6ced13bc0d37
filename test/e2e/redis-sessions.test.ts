import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { NO_REDIS, startRedis, type RedisServer } from '../fixtures/redis/redis-server.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { callIn } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openSession, type RawSession } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

const PASSWORD = 'hunter2'
const KEY = randomBytes(32).toString('base64')

/** The same session at another gateway. */
function at(gateway: Gateway, session: RawSession): Promise<Response> {
  return fetch(gateway.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': session.id,
      'mcp-protocol-version': session.version,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
}

function initialize(gateway: Gateway): Promise<Response> {
  return fetch(gateway.url, {
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
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'c', version: '1' },
      },
    }),
  })
}

async function metric(gateway: Gateway, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${gateway.origin}/metrics`)).text()
  const [, value] = new RegExp(`^${name} (\\d+)$`, 'm').exec(text) ?? []
  return value === undefined ? undefined : Number(value)
}

describe('sessions in Redis', { skip: NO_REDIS }, () => {
  let lab: Lab
  let redis: RedisServer
  before(async () => {
    lab = await startLab()
    redis = await startRedis({ password: PASSWORD })
  })
  after(async () => {
    await lab?.[Symbol.asyncDispose]()
    await redis?.[Symbol.asyncDispose]()
  })

  const start = (storage: Record<string, unknown> = {}, env: Record<string, string> = {}) =>
    startGateway(
      gatewayConfig(
        { lab: lab.entry },
        {
          sessionStorage: {
            provider: 'redis',
            address: redis.address,
            keyPrefix: 'vmcp-sessions',
            passwordRef: { name: 'redis', key: 'password' },
            timeouts: { dial: '2s', read: '500ms', write: '500ms' },
            ...storage,
          },
          telemetry: { enablePrometheusMetricsPath: true },
        },
      ),
      { env: { THV_SESSION_REDIS_PASSWORD: PASSWORD, SESSION_KEY: KEY, ...env } },
    )

  it('go on in another process after a crash, under the keys users know', async () => {
    const first = await start()
    const kept = await openSession(first.url)
    const ended = await openSession(first.url)
    assert.equal(await callIn(kept, 'count'), '1')
    assert.equal(await redis.admin.exists(`vmcp-sessions:${kept.id}`), 1)
    const ttl = await redis.admin.pttl(`vmcp-sessions:${kept.id}`)
    assert.ok(ttl > 1_700_000 && ttl <= 1_800_000, String(ttl))
    const bytes = await redis.admin.memory('USAGE', `vmcp-sessions:${kept.id}`)
    assert.ok(Number(bytes) < 1000, `${bytes} bytes for a session`)
    await fetch(first.url, { method: 'DELETE', headers: { 'mcp-session-id': ended.id } })
    first.child.process.kill('SIGKILL')
    await first[Symbol.asyncDispose]()

    await using second = await start()
    assert.equal((await at(second, kept)).status, 200)
    assert.equal((await at(second, ended)).status, 404)
    // What another system left under our prefix is no session.
    await redis.admin.set('vmcp-sessions:foreign', '{"vmcp.identity.binding":"unauthenticated"}')
    assert.equal((await at(second, { ...kept, id: 'foreign' })).status, 404)
    await redis.admin.del('vmcp-sessions:foreign')
  })

  it('say that nothing is sealed; with a key they seal what is secret, and believe nothing in plain text', async () => {
    // Gateways of other tests may have been killed a moment ago.
    const keyPrefix = 'sealing'
    const stateKey = `${keyPrefix}:key:state`
    let said: string
    {
      await using plain = await start({ keyPrefix })
      await plain.child.waitFor(/encryption has no keys: whoever may read/, 5000)
      assert.match((await redis.admin.get(stateKey)) ?? '', /^\d+ [\w+/]{43}=$/)
      said = plain.child.output()
    }
    const encryption = { keys: [{ id: 'k1', keyEnv: 'SESSION_KEY' }] }
    await using sealed = await start({ keyPrefix, encryption })
    assert.doesNotMatch(sealed.child.output(), /encryption has no keys/)
    assert.match(sealed.child.output(), /The store has a key in plain text[^]*it is replaced/)
    assert.match((await redis.admin.get(stateKey)) ?? '', /^\d+ s1\.k1\.[\w-]+$/)
    await assert.rejects(start({ keyPrefix }), /Cannot open the key that is stored[^]*"k1"/)
    await redis.admin.del(stateKey)
    assert.doesNotMatch(said + sealed.child.output(), new RegExp(PASSWORD))
  })

  it('go on from memory while Redis is away; new ones are written when it is back', async () => {
    // Where others may be, none begins a session at a backend that another may have begun already.
    const keyPrefix = 'only-one'
    await using gateway = await start({ keyPrefix })
    const old = await openSession(gateway.url)
    assert.equal(await callIn(old, 'count'), '1')
    assert.equal(await metric(gateway, 'toolhive_session_store_up'), 1)
    await redis.stop('SIGKILL')
    assert.equal(await callIn(old, 'count'), '2')
    const made = await openSession(gateway.url)
    assert.equal(await callIn(made, 'count'), '1')
    await gateway.child.waitFor(/Redis is away: running sessions go on/, 5000)
    assert.equal(await metric(gateway, 'toolhive_session_store_up'), 0)
    assert.ok(((await metric(gateway, 'toolhive_session_store_queued_writes')) ?? 0) >= 1)
    const unknown = await at(gateway, { ...old, id: 'unknown-here' })
    assert.equal(unknown.status, 503)
    assert.ok(unknown.headers.get('retry-after'))

    await redis.start()
    await gateway.child.waitFor(/Redis is back after \d+ s; writes that waited: 1/, 10_000)
    assert.equal(await metric(gateway, 'toolhive_session_store_up'), 1)
    assert.equal(await metric(gateway, 'toolhive_session_store_queued_writes'), 0)
    assert.equal(await redis.admin.exists(`${keyPrefix}:${made.id}`), 1)
    assert.equal(await callIn(old, 'count'), '3')
    // This Redis forgot everything; a session that is in use is written again, not ended.
    await until(
      'the record of the old session',
      async () => {
        assert.equal((await at(gateway, old)).status, 200)
        return (await redis.admin.exists(`${keyPrefix}:${old.id}`)) === 1 ? true : undefined
      },
      15_000,
    )
    assert.equal((await at(gateway, { ...old, id: 'unknown-here' })).status, 404)
    await using other = await start({ keyPrefix })
    assert.equal((await at(other, made)).status, 200)
    assert.equal(gateway.child.output().match(/Redis is away/g)?.length, 1)
  })

  it('make no call wait for Redis, nor ask it much', async () => {
    await using gateway = await start()
    const session = await openSession(gateway.url)
    await callIn(session, 'count')
    const commands = async () => {
      const [, count] = /total_commands_processed:(\d+)/.exec(await redis.admin.info('stats')) ?? []
      return Number(count)
    }
    const before = await commands()
    const began = performance.now()
    for (let n = 0; n < 300; n++) await callIn(session, 'count')
    const seconds = (performance.now() - began) / 1000
    const asked = (await commands()) - before
    // Replicas look after each other once in a while; calls add nothing.
    assert.ok(asked < 30 + seconds * 10, `${asked} commands for 300 calls in ${seconds} s`)
    redis.pause()
    try {
      assert.equal(await callIn(session, 'count'), '302')
    } finally {
      redis.resume()
    }
  })

  it('let the gateway end in order while Redis is away, also where loops use a queue in it', async () => {
    await using own = await startRedis()
    const loop = {
      name: 'each',
      description: 'Counts for each',
      steps: [
        {
          id: 'loop',
          type: 'forEach',
          collection: '[1]',
          distribution: 'fleet',
          step: { id: 'one', tool: 'count' },
        },
      ],
    }
    await using gateway = await startGateway(
      gatewayConfig(
        { lab: lab.entry },
        {
          sessionStorage: { provider: 'redis', address: own.address },
          compositeTools: [loop],
          // Longer than this test waits: whoever waits for Redis until the drain is over is seen.
          operational: { drain: { timeout: '5m' } },
        },
      ),
    )
    await own.stop('SIGKILL')
    await gateway.child.waitFor(/Redis is away/, 20_000)
    assert.ok(gateway.child.output().includes(`Cannot use the Redis at \\"${own.address}\\" now`))
    assert.equal(await gateway.child.stop(60_000), 0, gateway.child.output())
    assert.doesNotMatch(gateway.child.output(), /did not stop cleanly/)
  })

  it('are refused with 503 and a time to come again where that is configured', async () => {
    await using gateway = await start({ whenUnavailable: 'refuse' })
    const old = await openSession(gateway.url)
    await redis.stop()
    await gateway.child.waitFor(/Redis is away: .* new ones are refused/, 5000)
    const refused = await initialize(gateway)
    assert.equal(refused.status, 503)
    assert.ok(refused.headers.get('retry-after'))
    assert.doesNotMatch(
      await refused.text(),
      new RegExp(`${redis.port}`),
      'tells clients no addresses',
    )
    assert.equal(await callIn(old, 'count'), '1')
    await redis.start()
    await until('new sessions again', async () =>
      (await initialize(gateway)).status === 200 ? true : undefined,
    )
  })

  it('go on when Redis freezes, and when it thaws', async () => {
    await using gateway = await start()
    const old = await openSession(gateway.url)
    redis.pause()
    try {
      const made = await openSession(gateway.url)
      assert.equal(await callIn(old, 'count'), '1')
      await gateway.child.waitFor(/Redis is away/, 5000)
      redis.resume()
      await gateway.child.waitFor(/Redis is back/, 10_000)
      assert.equal(await redis.admin.exists(`vmcp-sessions:${made.id}`), 1)
    } finally {
      redis.resume()
    }
  })

  it('say at the start what is wrong, with what to do, and without the password', async () => {
    for (const [storage, env, expected] of [
      [
        {},
        { THV_SESSION_REDIS_PASSWORD: 'wrong-one' },
        /Cannot log in to the Redis[^]*WRONGPASS[^]*THV_SESSION_REDIS_PASSWORD/,
      ],
      [
        {},
        { THV_SESSION_REDIS_PASSWORD: '' },
        /passwordRef names a Secret[^]*THV_SESSION_REDIS_PASSWORD/,
      ],
      [
        { address: '127.0.0.1:1' },
        {},
        /Cannot reach the Redis at "127\.0\.0\.1:1": connect ECONNREFUSED/,
      ],
      [{ tls: {} }, {}, /it speaks no TLS on that port/],
      [{ tls: { caPath: '/nowhere.pem' } }, {}, /"\/nowhere\.pem" of sessionStorage\.tls\.caPath/],
      [{ db: 77 }, {}, /Cannot use database 77/],
      [
        { encryption: { keys: [{ id: 'a', keyEnv: 'SESSION_KEY' }] } },
        { SESSION_KEY: 'short' },
        /vmcp\.yaml:\d+:\d+ sessionStorage\.encryption\.keys\[0\]\.keyEnv: .*32 bytes/,
      ],
    ] as const) {
      await assert.rejects(start(storage, env), (error: Error) => {
        assert.match(error.message, expected)
        assert.doesNotMatch(error.message, /hunter2|wrong-one/)
        return true
      })
    }
  })
})
