import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { after, afterEach, before, describe, it } from 'node:test'
import {
  NO_REDIS,
  startRedis,
  type RedisServer,
} from '../../../test/fixtures/redis/redis-server.ts'
import { Cancellation } from '../../base/cancellation.ts'
import type { Stores } from '../stores.ts'
import { testWorkQueue } from '../testing/work-queue.testsuite.ts'
import { storageErrors } from '../errors.ts'
import type { WorkQueue } from '../work-queue.ts'
import type { RedisSettings } from '../redis-settings.ts'
import { openRedisConnection } from './redis-connection.ts'
import { openRedisStores } from './redis-stores.ts'
import { openRedisWorkQueue } from './redis-work-queue.ts'

const NEVER = new Cancellation()

describe('a work queue in Redis', { skip: NO_REDIS }, () => {
  let server: RedisServer
  let count = 0
  const open: { queue: WorkQueue; stores: Stores }[] = []
  before(async () => {
    server = await startRedis()
  })
  after(() => server?.[Symbol.asyncDispose]())
  afterEach(async () => {
    count += 1
    for (const { queue, stores } of open.splice(0)) {
      await queue.close()
      await stores.close()
    }
  })

  const settings = (): RedisSettings => ({
    topology: { kind: 'standalone', address: server },
    db: 2,
    timeouts: { dialMs: 5000, readMs: 10_000, writeMs: 10_000 },
  })
  const openQueue = async (): Promise<WorkQueue> => {
    const stores = await openRedisStores({
      settings: settings(),
      keyPrefix: `test:${count}:`,
      onError: () => {},
      onChange: () => {},
    })
    const queue = await stores.workQueue!('loops', { lostAfterMs: 1000 })
    open.push({ queue, stores })
    return queue
  }

  /** A second one beside the first that was opened, with other means. */
  const openWith = async (changes: Partial<Pick<Stores, 'keyValue' | 'bus'>>) => {
    const { stores } = open.at(-1)!
    const keyPrefix = `test:${count}:`
    const connection = await openRedisConnection(settings(), keyPrefix)
    const { keyValue, bus } = { ...stores, ...changes }
    const place = { settings: settings(), connection, keyPrefix, keyValue, bus }
    const queue = await openRedisWorkQueue({ ...place, name: 'loops', onError: () => {} })
    open.unshift({ queue, stores: { ...stores, close: () => connection.close() } })
    return queue
  }
  /** Does what it is given until that is cancelled; resolves when the first has begun. */
  const serveUntilCancelled = async (queue: WorkQueue) => {
    const begun = Promise.withResolvers<boolean>()
    await queue.serve({
      concurrency: 1,
      work: (_, cancellation) =>
        new Promise((resolve) => {
          begun.resolve(cancellation.cancelled)
          cancellation.onCancel(() => resolve('stopped'))
        }),
    })
    return { begun: begun.promise }
  }
  /** Hears nothing of what is said over the bus. */
  const deaf = () => ({ ...open.at(-1)!.stores.bus, subscribe: async () => async () => {} })

  it('is cancelled though the message is missed', async () => {
    const queue = await openQueue()
    const { begun } = await serveUntilCancelled(await openWith({ bus: deaf() }))
    await queue.add('long', 'long')
    await begun
    await queue.cancel('long')
    assert.deepEqual(await queue.outcome('long', NEVER), { kind: 'done', result: 'stopped' })
  })

  it('is cancelled though the worker has no lock on it any more', async () => {
    const queue = await openQueue()
    const { begun } = await serveUntilCancelled(await openWith({}))
    await queue.add('unlocked', 'unlocked')
    await begun
    const unlock = open.at(-1)!.stores.script!('return redis.call("DEL", KEYS[1])')
    assert.equal(await unlock([`test:${count}:queue:{loops}:loops:unlocked:lock`], []), 1)
    await queue.cancel('unlocked')
    assert.deepEqual(await queue.outcome('unlocked', NEVER), { kind: 'done', result: 'stopped' })
  })

  it('is cancelled though the store did not take it at first', async () => {
    const own = await openQueue()
    const { begun } = await serveUntilCancelled(own)
    const { keyValue, bus } = open.at(-1)!.stores
    let failures = 2
    const fails = async () => {
      if (failures-- > 0) throw storageErrors.REDIS_AWAY({ store: 'test', reason: 'timed out' })
    }
    const queue = await openWith({
      keyValue: { ...keyValue, set: (...args) => fails().then(() => keyValue.set(...args)) },
      bus: { ...bus, publish: (...args) => fails().then(() => bus.publish(...args)) },
    })
    await queue.add('stubborn', 'stubborn')
    await begun
    await queue.cancel('stubborn')
    assert.deepEqual(await own.outcome('stubborn', NEVER), { kind: 'done', result: 'stopped' })
  })

  it('is told at once that it was cancelled while it came here', async () => {
    const queue = await openQueue()
    await queue.add('overtaken', 'overtaken')
    // As if it had been taken between this and its removal.
    await open.at(-1)!.stores.keyValue.set('queue:loops:cancelled:overtaken', '')
    const { begun } = await serveUntilCancelled(await openWith({ bus: deaf() }))
    assert.equal(await begun, true)
    assert.deepEqual(await queue.outcome('overtaken', NEVER), { kind: 'done', result: 'stopped' })
  })

  it('tells what is lost with a killed worker, and never gives it to another', async () => {
    const queue = await openQueue()
    const child = spawn(
      process.execPath,
      [
        new URL('../testing/work-queue-worker.ts', import.meta.url).pathname,
        server.address,
        `test:${count}:`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await said(child, 'ready')
    await queue.add('doomed', 'doomed')
    await said(child, 'took doomed')
    child.kill('SIGKILL')
    const done: string[] = []
    await queue.serve({ concurrency: 1, work: async (text) => String(done.push(text)) })
    await queue.add('next', 'next')
    assert.equal((await queue.outcome('next', NEVER)).kind, 'done')
    assert.deepEqual(await queue.outcome('doomed', NEVER), { kind: 'lost' })
    assert.deepEqual(done, ['next'])
  })

  testWorkQueue('work queue', (keyPrefix) =>
    openRedisStores({ settings: settings(), keyPrefix, onError: () => {}, onChange: () => {} }),
  )
})

async function said(child: ChildProcess, text: string): Promise<void> {
  let output = ''
  while (!output.includes(text)) {
    const [chunk] = (await once(child.stdout!, 'data')) as [Buffer]
    output += chunk.toString()
  }
}
