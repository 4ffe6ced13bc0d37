import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NO_REDIS, startRedis, type RedisServer } from '../fixtures/redis/redis-server.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { callModern, logLines } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { sendModern } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

describe('rate limits in Redis', { skip: NO_REDIS }, () => {
  let lab: Lab
  let redis: RedisServer
  before(async () => {
    lab = await startLab()
    redis = await startRedis()
  })
  after(async () => {
    await lab?.[Symbol.asyncDispose]()
    await redis?.[Symbol.asyncDispose]()
  })

  /** One replica of the gateway of this name. */
  const open = (name: string, maxTokens: number, whenUnavailable = 'open'): Promise<Gateway> =>
    startGateway(
      gatewayConfig(
        { lab: lab.entry },
        {
          name,
          rateLimiting: { shared: { maxTokens, refillPeriod: '1h' }, whenUnavailable },
          sessionStorage: { provider: 'redis', address: redis.address },
          telemetry: { enablePrometheusMetricsPath: true },
        },
      ),
    )
  const look = ({ url }: Gateway): Promise<string> => callModern(url, 'look')
  const metric = async ({ origin }: Gateway, name: string): Promise<number> => {
    const text = await (await fetch(`${origin}/metrics`)).text()
    const line = text.split('\n').find((each) => each.startsWith(`toolhive_rate_limit_${name}`))
    return Number(line?.split(' ').at(-1) ?? 0)
  }

  it('hold for all replicas together, and outlive them', async () => {
    await using one = await open('shared', 5)
    {
      await using two = await open('shared', 5)
      for (const gateway of [one, two, one, two]) assert.equal(await look(gateway), 'done look')
    }
    await using three = await open('shared', 5)
    assert.equal(await look(three), 'done look')
    assert.match(
      await look(one),
      /^error 429: Rate limit exceeded: all clients together may make 5/,
    )
    assert.match(await look(three), /^error 429/)
    assert.ok((await metric(one, 'check_latency_seconds_count')) >= 3)
    const buckets = (await redis.admin.keys('thv:rl:*')).filter((key) => !key.endsWith(':probe'))
    assert.deepEqual(buckets, ['thv:rl:{local:shared}:shared'])
  })

  it('end the start where their keys are forbidden, though sessions could be kept', async () => {
    const rights = '+@read +@write +@scripting +@pubsub +@connection +info +time'
    await using guarded = await startRedis({
      users: [`user vmcp on >right ~thv:vmcp:session:* &thv:vmcp:session:* ${rights}`],
    })
    const started = startGateway(
      gatewayConfig(
        { lab: lab.entry },
        {
          rateLimiting: { shared: { maxTokens: 5, refillPeriod: '1h' } },
          sessionStorage: { provider: 'redis', address: guarded.address, username: 'vmcp' },
        },
      ),
      { env: { THV_SESSION_REDIS_PASSWORD: 'right' } },
    )
    await assert.rejects(started, /POLICY_RATE_LIMITS_FORBIDDEN[^]*NOPERM[^]*~thv:rl:\*/)
  })

  it('let calls pass while Redis is away, or refuse them, and hold again when it is back', async () => {
    await using lenient = await open('lenient', 1)
    await using strict = await open('strict', 1_000, 'closed')
    for (const gateway of [lenient, strict]) assert.equal(await look(gateway), 'done look')
    assert.match(await look(lenient), /^error 429/)

    await redis.stop()
    for (let i = 0; i < 3; i++) assert.equal(await look(lenient), 'done look')
    assert.equal(await metric(lenient, 'fail_open_total'), 3)
    const refused = await sendModern(strict.url, 'tools/call', { name: 'look', arguments: {} })
    assert.equal(refused.status, 503)
    assert.equal(refused.headers.get('retry-after'), '1')
    assert.match(String(refused.response.error?.message), /^Cannot check the rate limits/)
    for (const [gateway, meanwhile] of [
      [lenient, 'calls pass'],
      [strict, 'calls are refused'],
    ] as const) {
      const said = logLines(gateway).filter(({ msg }) => msg === 'Rate limits cannot be checked')
      assert.deepEqual([said.length, said[0]?.['meanwhile']], [1, meanwhile])
    }

    await redis.start()
    const isBack = (wanted: RegExp, gateway: Gateway) => async () =>
      wanted.test(await look(gateway)) ? true : undefined
    await until('limits that hold again', isBack(/^error 429/, lenient), 15_000)
    await until('calls that pass again', isBack(/^done/, strict), 15_000)
  })
})
