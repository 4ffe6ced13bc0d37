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

  it('is cancelled though the message is missed', async () => {
    const queue = await openQueue()
    const begun = Promise.withResolvers<void>()
    const { stores } = open[0]!
    // Deaf for what is said over the bus.
    const deaf = { ...stores.bus, subscribe: async () => async () => {} }
    const connection = await openRedisConnection(settings(), `test:${count}:`)
    const worker = await openRedisWorkQueue({
      settings: settings(),
      connection,
      keyPrefix: `test:${count}:`,
      name: 'loops',
      keyValue: stores.keyValue,
      bus: deaf,
      onError: () => {},
    })
    open.unshift({ queue: worker, stores: { ...stores, close: () => connection.close() } })
    await worker.serve({
      concurrency: 1,
      work: (_, cancellation) =>
        new Promise((resolve) => {
          begun.resolve()
          cancellation.onCancel(() => resolve('stopped'))
        }),
    })
    await queue.add('long', 'long')
    await begun.promise
    await queue.cancel('long')
    assert.deepEqual(await queue.outcome('long', NEVER), { kind: 'done', result: 'stopped' })
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
