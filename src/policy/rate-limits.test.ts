import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isAppError } from '../base/errors.ts'
import { ANONYMOUS, type Principal } from '../mcp/caller.ts'
import { storageErrors } from '../storage/errors.ts'
import { rateLimiting } from './config.ts'
import { createRateLimits } from './rate-limits.ts'
import { ALLOWED, type Claim, type RateLimiter } from './rate-limiter.ts'

const ANN: Principal = { kind: 'oidc', binding: 'https://idp\0ann' }
const BEN: Principal = { kind: 'oidc', binding: 'https://idp\0ben' }

const ALL_KINDS = {
  shared: { maxTokens: 100, refillPeriod: '1m0s' },
  perUser: { maxTokens: 10, refillPeriod: { duration: '1m0s' } },
  tools: [
    {
      name: 'find',
      shared: { maxTokens: 5, refillPeriod: '10s' },
      perUser: { maxTokens: 1, refillPeriod: '10s' },
    },
  ],
}

/** Limits over a limiter that answers as told and remembers what it was asked. */
function setUp(config: object | undefined, answer: RateLimiter['take'] = () => ALLOWED) {
  const asked: (readonly Claim[])[] = []
  const heard: unknown[] = []
  const limits = createRateLimits({
    limiter: {
      take(claims, cost) {
        asked.push(claims)
        return answer(claims, cost)
      },
    },
    namespace: 'team',
    server: 'tools',
    observer: {
      allowed: (claims) => heard.push(['allowed', claims.length]),
      refused: ({ key }) => heard.push(['refused', key]),
      asked: (seconds) => heard.push(['asked', typeof seconds]),
      unavailable: (error, passed) => heard.push([String(error), passed]),
    },
  })
  const configure = (next: object | undefined) => limits.configure(next && rateLimiting.parse(next))
  configure(config)
  const call = (tool: string, principal = ANN, isInner = false) =>
    limits.refusal({ tool, principal, isInner })
  const count = (...asked: Parameters<typeof call>) => void call(...asked)
  const keys = () => asked.at(-1)?.map(({ key }) => key)
  return { asked, heard, configure, call, count, keys, prove: () => limits.prove() }
}

const refuse =
  (place: number): RateLimiter['take'] =>
  (claims) => ({ kind: 'refused', claim: claims[place]!, retryAfterMs: 1_500 })

describe('createRateLimits()', () => {
  it('proves that its buckets can be used, and does not mind that Redis is away', async () => {
    const t = setUp(ALL_KINDS)
    await t.prove()
    assert.deepEqual(t.keys(), ['thv:rl:{team:tools}:probe'])
    const away = storageErrors.REDIS_AWAY({ store: 'redis:6379', reason: 'no answer in time' })
    await setUp(ALL_KINDS, () => Promise.reject(away)).prove()
    const reason = 'NOPERM No permissions to access a key'
    const refused = storageErrors.REDIS_FAILED({ store: 'redis:6379', reason })
    await assert.rejects(setUp(ALL_KINDS, () => Promise.reject(refused)).prove(), {
      code: 'POLICY_RATE_LIMITS_FORBIDDEN',
      message: /thv:rl:\*.*NOPERM/,
    })
  })

  it('draws from the buckets of all, of the tool, of the user and of the user’s tool', () => {
    const t = setUp(ALL_KINDS)
    assert.equal(t.call('find'), undefined)
    const [all, tool, user, userTool] = t.keys() ?? []
    assert.deepEqual(
      [all, tool],
      ['thv:rl:{team:tools}:shared', 'thv:rl:{team:tools}:shared:tool:find'],
    )
    assert.match(user ?? '', /^thv:rl:\{team:tools\}:user:[\w-]{22}$/)
    assert.match(userTool ?? '', /^thv:rl:\{team:tools\}:user-tool:find:[\w-]{22}$/)
    t.count('other')
    assert.deepEqual(t.keys(), [all, user])
  })

  it('tells users apart without naming them, and knows them again', () => {
    const t = setUp({ perUser: ALL_KINDS.perUser })
    t.count('find', ANN)
    const ann = t.keys()
    t.count('find', BEN)
    assert.notDeepEqual(t.keys(), ann)
    for (let i = 0; i < 2_500; i++) t.count('find', { kind: 'oidc', binding: `idp\0${i}` })
    t.count('find', { ...ANN })
    assert.deepEqual(t.keys(), ann)
    for (const claims of t.asked) assert.doesNotMatch(claims[0]!.key, /ann|ben|idp/)
  })

  it('makes nothing anew for the next call of the same user', () => {
    const t = setUp(ALL_KINDS)
    t.count('find')
    t.count('find', { ...ANN })
    assert.equal(t.asked[0], t.asked[1])
  })

  it('counts inner calls of workflows on their tool only', () => {
    const t = setUp(ALL_KINDS)
    t.count('find', ANN, true)
    assert.deepEqual(
      t.keys()?.map((key) => key.split(':')[4]),
      ['shared', 'user-tool'],
    )
    t.count('other', ANN, true)
    assert.equal(t.asked.length, 1, 'a tool without limits of its own costs nothing')
  })

  it('asks nobody where nothing is limited', () => {
    const t = setUp(undefined)
    assert.equal(t.call('find'), undefined)
    t.configure({ tools: ALL_KINDS.tools })
    assert.equal(t.call('other'), undefined)
    assert.deepEqual([t.asked, t.heard], [[], []])
  })

  it('says which limit was hit, how large it is and when to try again', () => {
    const texts = [0, 1, 2, 3].map((place) => {
      const refusal = setUp(ALL_KINDS, refuse(place)).call('find')
      assert.ok(isAppError(refusal, 'POLICY_RATE_LIMITED'))
      assert.deepEqual([refusal.status, refusal.details['retryAfterMs']], [429, 1_500])
      return refusal.message
    })
    assert.deepEqual(texts, [
      'Rate limit exceeded: all clients together may make 100 calls per 1m0s; try again in 2 s',
      'Rate limit exceeded: all clients together may call "find" 5 times per 10s; try again in 2 s',
      'Rate limit exceeded: each user may make 10 calls per 1m0s; try again in 2 s',
      'Rate limit exceeded: each user may call "find" 1 time per 10s; try again in 2 s',
    ])
  })

  it('tells of every decision', async () => {
    const t = setUp(ALL_KINDS)
    t.count('find')
    assert.deepEqual(t.heard, [['allowed', 4]])
    const refused = setUp(ALL_KINDS, refuse(0))
    refused.count('find')
    assert.deepEqual(refused.heard, [['refused', 'thv:rl:{team:tools}:shared']])
    const remote = setUp(ALL_KINDS, async () => ALLOWED)
    assert.equal(await remote.call('find'), undefined)
    assert.deepEqual(remote.heard, [
      ['asked', 'number'],
      ['allowed', 4],
    ])
  })

  it('lets calls pass or refuses them while nobody can be asked, as configured', async () => {
    const away: RateLimiter['take'] = async () => {
      throw new Error('Redis is away')
    }
    const open = setUp(ALL_KINDS, away)
    assert.equal(await open.call('find'), undefined)
    assert.deepEqual(open.heard[0], ['Error: Redis is away', true])
    const closed = setUp({ ...ALL_KINDS, whenUnavailable: 'closed' }, away)
    const refusal = await closed.call('find')
    assert.ok(isAppError(refusal, 'POLICY_RATE_LIMITS_UNAVAILABLE'))
    assert.match(refusal.message, /Redis is away/)
    assert.match(refusal.hint ?? '', /whenUnavailable/)
    assert.deepEqual(closed.heard[0], ['Error: Redis is away', false])
    const internal = storageErrors.REDIS_AWAY({ store: 'redis.internal:6379', reason: 'no answer' })
    const rules = { ...ALL_KINDS, whenUnavailable: 'closed' }
    const hidden = await setUp(rules, () => Promise.reject(internal)).call('find')
    assert.equal(hidden?.message, 'Cannot check the rate limits: Redis is away')
  })

  it('puts changed limits into effect at once, under the same keys', () => {
    const t = setUp(ALL_KINDS)
    t.count('find')
    const before = t.keys()
    t.configure({ ...ALL_KINDS, shared: { maxTokens: 7, refillPeriod: '1s' } })
    t.count('find', ANONYMOUS)
    t.count('find')
    assert.deepEqual(t.keys(), before)
    assert.equal(t.asked.at(-1)?.[0]?.limit.maxTokens, 7)
    t.configure(undefined)
    t.count('find')
    assert.equal(t.asked.length, 3)
  })
})
