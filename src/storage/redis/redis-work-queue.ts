import { setTimeout as sleep } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { isAppError } from '../../base/errors.ts'
import { storageErrors } from '../errors.ts'
import type { KeyValue } from '../key-value.ts'
import type { MessageBus } from '../message-bus.ts'
import type { RedisSettings } from '../redis-settings.ts'
import type { WorkEnd, WorkQueue } from '../work-queue.ts'
import type { RedisConnection } from './redis-connection.ts'
import { openRedisWorker, type RedisWorker } from './redis-worker.ts'
import { workNames } from './work-names.ts'
import { createWorkWaiters } from './work-waiters.ts'

export interface RedisWorkQueueOptions {
  readonly settings: RedisSettings
  readonly connection: RedisConnection
  readonly keyPrefix: string
  readonly name: string
  readonly keyValue: KeyValue
  readonly bus: MessageBus
  readonly onError: (error: unknown) => void
  readonly lostAfterMs?: number | undefined
}

const LOST_AFTER_MS = 10_000
/** How long results are kept that nobody forgets, and what tells of lost work. */
const KEEP_MS = 3_600_000
const MAX_LOST_KEPT = 10_000
/** How long a cancellation is tried, and how often. */
const CANCEL_PATIENCE_MS = 60_000
const CANCEL_RETRY_MS = 200
const CANCEL_MAX_RETRY_MS = 2_000

/**
 * Work in a queue of BullMQ, results as entries beside it: so they expire, and stay out of the queue's stream of events. What
 * is said over the bus is only that there is something to look at, so that a lost message costs a second or two at most.
 */
export async function openRedisWorkQueue(options: RedisWorkQueueOptions): Promise<WorkQueue> {
  const { settings, connection, keyPrefix, name, keyValue, bus, onError } = options
  const { lostAfterMs = LOST_AFTER_MS } = options
  const { store } = connection
  const names = workNames(keyPrefix, name)
  let worker: RedisWorker | undefined
  let closed = false

  const queue = new Queue<string, string>(name, {
    connection: connection.client,
    prefix: names.prefix,
    skipVersionCheck: true,
    streams: { events: { maxLen: 100 } },
  })
  queue.on('error', report)
  const waiters = createWorkWaiters({ look, onError: report })
  const unsubscribe = await bus.subscribe(names.doneChannel, waiters.look)

  return {
    async add(id, text) {
      await run(() =>
        queue.add('work', text, {
          jobId: id,
          attempts: 1,
          removeOnComplete: true,
          removeOnFail: { age: KEEP_MS / 1000, count: MAX_LOST_KEPT },
        }),
      )
    },

    outcome: (id, cancellation) => waiters.wait(id, cancellation),

    async cancel(id) {
      await untilDone(async () => {
        // First what workers look at: also a piece that one takes, or took, at this very moment is told.
        await keyValue.set(names.cancelKey(id), '', { ttlMs: KEEP_MS })
        await bus.publish(names.cancelChannel, id)
        await run(() => takeAway(id))
      })
    },

    async forget(id) {
      await keyValue.delete(names.resultKey(id))
    },

    async serve(serving) {
      const place = { settings, names, keyValue, bus, lostAfterMs, keepMs: KEEP_MS }
      worker = await openRedisWorker({ ...place, ...serving, onError: report })
      return worker
    },

    async close() {
      if (closed) return
      closed = true
      waiters.close()
      await worker?.close()
      await unsubscribe().catch(report)
      await queue.close().catch(report)
    },
  }

  /** Nobody begins it any more. What somebody does is locked, and stays. */
  async function takeAway(id: string): Promise<void> {
    const job = await queue.getJob(id)
    await job?.remove().catch((error: unknown) => {
      if (!LOCKED.test((error as Error).message)) throw error
    })
  }

  /** A cancellation that is lost lets work run that nobody wants: it is worth some patience. */
  async function untilDone(work: () => Promise<void>): Promise<void> {
    const untilMs = performance.now() + CANCEL_PATIENCE_MS
    for (let pauseMs = CANCEL_RETRY_MS; ; pauseMs = Math.min(2 * pauseMs, CANCEL_MAX_RETRY_MS)) {
      try {
        return await work()
      } catch (error) {
        if (closed || performance.now() > untilMs) throw error
        await sleep(pauseMs, undefined, { ref: false })
      }
    }
  }

  /** How it stands with a piece of work; undefined: it waits, or somebody does it. */
  async function look(id: string): Promise<WorkEnd | undefined> {
    const result = await resultOf(id)
    if (result !== undefined) return result
    const state = await run(() => queue.getJobState(id))
    if (state !== 'unknown' && state !== 'failed' && state !== 'completed') return undefined
    // It may have been done in between.
    return (await resultOf(id)) ?? { kind: 'lost' }
  }

  async function resultOf(id: string): Promise<WorkEnd | undefined> {
    const entry = await keyValue.get(names.resultKey(id))
    return entry && { kind: 'done', result: entry.value }
  }

  function report(error: unknown): void {
    // That Redis is away is told by the connection of the stores.
    if (!closed && !isAway(error)) onError(error)
  }

  async function run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (closed) throw storageErrors.CLOSED({ store })
    return connection.run(work)
  }
}

function isAway(error: unknown): boolean {
  if (isAppError(error)) return error.code === 'STORAGE_REDIS_AWAY'
  return AWAY.test(`${(error as NodeJS.ErrnoException).code ?? ''} ${(error as Error).message}`)
}

/** What BullMQ says of work that somebody does. */
const LOCKED = /is locked/
const AWAY = /ECONN|EPIPE|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|onnection is closed|isn't writeable/
