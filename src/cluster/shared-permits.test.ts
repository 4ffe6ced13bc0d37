import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NO_REDIS, startRedis, type RedisServer } from '../../test/fixtures/redis/redis-server.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Stores } from '../storage/stores.ts'
import { silentLogger as log } from '../telemetry/logger.ts'
import { openSharedPermits, type Permits, type SharedPermits } from './shared-permits.ts'

/** A replica that uses permits of one thing. */
class User {
  readonly permits: Permits
  active = 0
  waiting = 0
  done = 0

  constructor(shared: SharedPermits, limit: number) {
    this.permits = shared.open('backend one', {
      limit: () => limit,
      active: () => this.active,
      waiting: () => this.waiting,
      onGranted: () => this.admit(),
    })
  }

  begin(count: number): void {
    this.waiting += count
    this.admit()
    this.permits.changed()
  }

  admit(): void {
    while (this.waiting > 0 && this.active < this.permits.granted) {
      this.waiting -= 1
      this.active += 1
    }
  }

  end(): void {
    if (this.active === 0) return
    this.active -= 1
    this.done += 1
    this.permits.changed()
    this.admit()
  }
}

describe('permits of a slow store', () => {
  it('are asked for again when others spoke while they were asked for', async () => {
    const stores = await openStorage({ provider: 'memory' }, { now: Date.now })
    const { bus } = stores
    const asked: PromiseWithResolvers<[number, number]>[] = []
    const ask = (): Promise<[number, number]> => {
      const next = Promise.withResolvers<[number, number]>()
      asked.push(next)
      return next.promise
    }
    const times = { holdMs: 60_000, idleMs: 60_000, askMs: 5 }
    const options = { script: () => ask, bus, keyPrefix: '', self: 'one', times, log }
    const shared = await openSharedPermits(options)
    const user = new User(shared, 1)
    user.begin(1)
    while (asked.length < 1) await sleep(1)
    await bus.publish('permits', 'two backend%20one')
    await sleep(20)
    asked[0]!.resolve([0, 1])
    for (let tries = 0; tries < 2_000 && asked.length < 2; tries++) await sleep(1)
    assert.equal(asked.length, 2, 'it asks no more')
    asked[1]!.resolve([1, 1])
    while (user.active < 1) await sleep(1)
    const closing = shared.close()
    while (asked.length < 3) await sleep(1)
    asked[2]!.resolve([0, 1])
    await closing
    await stores.close()
  })
})

describe('permits that replicas share', { skip: NO_REDIS }, () => {
  let redis: RedisServer
  let stores: Stores
  let count = 0
  const opened: SharedPermits[] = []
  before(async () => {
    redis = await startRedis()
    stores = await openStorage(
      {
        provider: 'redis',
        keyPrefix: 'test:',
        redis: {
          topology: { kind: 'standalone', address: redis },
          db: 0,
          timeouts: { dialMs: 5000, readMs: 5000, writeMs: 5000 },
        },
      },
      { now: Date.now },
    )
  })
  after(async () => {
    await Promise.all(opened.map((each) => each.close()))
    await stores?.close()
    await redis?.[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    count += 1
  })

  const open = async (self: string): Promise<SharedPermits> => {
    const shared = await openSharedPermits({
      script: stores.script!,
      bus: stores.bus,
      keyPrefix: `test:${count}:`,
      self,
      times: { holdMs: 1_000, idleMs: 50, askMs: 20 },
      log,
    })
    opened.push(shared)
    return shared
  }
  const users = async (limit: number, ...names: string[]): Promise<User[]> =>
    Promise.all(names.map(async (name) => new User(await open(name), limit)))
  const until = async (what: string, isSo: () => boolean): Promise<void> => {
    // A turn of a permit takes several ways to Redis, each of them long on a busy machine.
    for (let tries = 0; tries < 6_000; tries++) {
      if (isSo()) return
      await sleep(5)
    }
    assert.fail(`waited in vain for: ${what}`)
  }
  /** All of them work until everything is done; how many were active at once at most. */
  const work = async (all: readonly User[]): Promise<number> => {
    let most = 0
    await until('all work to be done', () => {
      most = Math.max(
        most,
        all.reduce((sum, each) => sum + each.active, 0),
      )
      for (const each of all) each.end()
      return all.every(({ active, waiting }) => active + waiting === 0)
    })
    return most
  }

  it('are never more than the limit, and none stays unused while somebody waits', async () => {
    const all = await users(4, 'a', 'b', 'c')
    for (const each of all) each.begin(30)
    await until('all permits to be used', () => all.reduce((sum, one) => sum + one.active, 0) === 4)
    assert.ok((await work(all)) <= 4)
    assert.deepEqual(
      all.map(({ done }) => done),
      [30, 30, 30],
    )
  })

  it('are given back as calls end when others wait, down to an equal share', async () => {
    const [first, second] = (await users(6, 'a', 'b')) as [User, User]
    first.begin(40)
    await until('the first to have all', () => first.active === 6)
    second.begin(10)
    let isFirstOver = false
    await until('the second to have its share', () => {
      isFirstOver ||= first.waiting === 0
      first.end()
      return second.active >= 3
    })
    assert.equal(isFirstOver, false, 'before the first is through')
    assert.ok((await work([first, second])) <= 6)
  })

  it('go round where there are fewer than replicas', async () => {
    const all = await users(1, 'a', 'b', 'c')
    for (const each of all) each.begin(5)
    let rounds = 0
    const order: number[] = []
    await until('everybody to be through', () => {
      rounds += 1
      for (const [at, each] of all.entries()) {
        if (each.active > 0) order.push(at)
        each.end()
      }
      return all.every(({ waiting, active }) => waiting + active === 0)
    })
    assert.equal(order.length, 15)
    assert.ok(new Set(order.slice(0, 9)).size > 1, `${order.join(' ')} in ${rounds} rounds`)
  })

  it('come back when their holder is gone', async () => {
    let isDead = false
    const shared = await openSharedPermits({
      script(lua) {
        const ask = stores.script!(lua)
        return (keys, args) => (isDead ? new Promise(() => {}) : ask(keys, args))
      },
      bus: stores.bus,
      keyPrefix: `test:${count}:`,
      self: 'lost',
      times: { holdMs: 400, idleMs: 50, askMs: 20 },
      log,
    })
    const lost = new User(shared, 2)
    lost.begin(2)
    await until('the one that gets lost to have both', () => lost.active === 2)
    isDead = true
    const [other] = (await users(2, 'b')) as [User]
    other.begin(2)
    await sleep(50)
    assert.equal(other.active, 0)
    await until('both to be free again', () => other.active === 2)
  })

  it('are each replica’s own while Redis is away', async () => {
    let isAway = true
    const shared = await openSharedPermits({
      script: (lua) => {
        const ask = stores.script!(lua)
        return (keys, args) => (isAway ? Promise.reject(new Error('away')) : ask(keys, args))
      },
      bus: stores.bus,
      keyPrefix: `test:${count}:`,
      self: 'a',
      log,
    })
    opened.push(shared)
    const user = new User(shared, 3)
    user.begin(5)
    await until('the whole limit', () => user.active === 3)
    isAway = false
    assert.equal(await work([user]), 3)
  })
})
