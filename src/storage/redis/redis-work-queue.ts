import { setTimeout as sleep } from 'node:timers/promises'
import { Queue, Worker, type Job } from 'bullmq'
import { Cancellation } from '../../base/cancellation.ts'
import { isAppError } from '../../base/errors.ts'
import { storageErrors } from '../errors.ts'
import type { KeyValue } from '../key-value.ts'
import type { MessageBus } from '../message-bus.ts'
import type { RedisSettings } from '../redis-settings.ts'
import type { ServeWork, Serving, WorkEnd, WorkQueue } from '../work-queue.ts'
import { createRedisClient } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
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

/** A worker that gave no sign of life for so long is gone; it is noticed within one to two times this. */
const LOST_AFTER_MS = 10_000
/** How long results are kept that nobody forgets, and what tells of lost work. */
const KEEP_MS = 3_600_000
const MAX_LOST_KEPT = 10_000
const CANCELLED = 'not wanted any more'
/** How often a worker looks whether what it does was cancelled. */
const LOOK_MS = 2_000
/** While Redis is away: how long a result waits for it, and how often that is tried. */
const RESULT_PATIENCE_MS = 60_000
const RESULT_RETRY_MS = 500
const CLOSING = 'this replica closes'
/** What work that was told to end may still take. */
const CLOSE_MS = 2_000

interface RedisServing extends Serving {
  /** Gives the connections up, whatever still runs. */
  cutOff(): Promise<void>
}

/**
 * Work in a queue of BullMQ, results as entries beside it: so they expire, and stay out of the queue's stream of events. What
 * is said over the bus is only that there is something to look at, so that a lost message costs a second at most.
 */
export async function openRedisWorkQueue(options: RedisWorkQueueOptions): Promise<WorkQueue> {
  const { settings, connection, keyPrefix, name, keyValue, bus, onError } = options
  const lostAfterMs = options.lostAfterMs ?? LOST_AFTER_MS
  const { store } = connection
  // All keys of a queue have to be in one slot of a Cluster.
  const prefix = `${keyPrefix}queue:{${name}}`
  const resultKey = (id: string): string => `queue:${name}:result:${id}`
  const cancelKey = (id: string): string => `queue:${name}:cancelled:${id}`
  const doneChannel = `queue:${name}:done`
  const cancelChannel = `queue:${name}:cancel`
  const running = new Map<string, Cancellation>()
  let serving: RedisServing | undefined
  let closed = false

  const queue = new Queue<string, string>(name, {
    connection: connection.client,
    prefix,
    skipVersionCheck: true,
    streams: { events: { maxLen: 100 } },
  })
  queue.on('error', report)
  const waiters = createWorkWaiters({ look, onError: report })
  const unsubscribe = await bus.subscribe(doneChannel, waiters.look)

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
      await run(async () => {
        const job = await queue.getJob(id)
        // Work that somebody does is locked.
        const removed = await job?.remove().then(
          () => true,
          () => false,
        )
        if (removed === true) return
        // A message may be missed: who does the work looks as well.
        await keyValue.set(cancelKey(id), '', { ttlMs: KEEP_MS })
        await bus.publish(cancelChannel, id)
      })
    },

    async forget(id) {
      await keyValue.delete(resultKey(id))
    },

    async serve(work) {
      serving = await startWorker(work)
      return serving
    },

    async close() {
      if (closed) return
      closed = true
      waiters.close()
      for (const cancellation of running.values()) cancellation.cancel(CLOSING)
      if (serving !== undefined) {
        await Promise.race([serving.drain(), sleep(CLOSE_MS, undefined, { ref: false })])
        await serving.cutOff()
      }
      await unsubscribe().catch(report)
      await queue.close().catch(report)
    },
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
    const entry = await keyValue.get(resultKey(id))
    return entry && { kind: 'done', result: entry.value }
  }

  async function startWorker({ concurrency, work }: ServeWork): Promise<RedisServing> {
    const client = createRedisClient(settings, { mayRetry: () => !closed, patient: true })
    client.on('error', () => {})
    const stopListening = await bus.subscribe(cancelChannel, (id) =>
      running.get(id)?.cancel(CANCELLED),
    )
    const worker = new Worker<string, string>(name, (job) => doWork(job, work), {
      connection: client,
      prefix,
      concurrency,
      skipVersionCheck: true,
      lockDuration: lostAfterMs,
      stalledInterval: lostAfterMs,
      // Never given to another one by itself: what is lost may have been done.
      maxStalledCount: 0,
      maxStartedAttempts: 1,
      drainDelay: 5,
    })
    worker.on('error', report)
    worker.on('failed', (job) => {
      if (job?.id !== undefined) tellDone(job.id)
    })
    await worker.waitUntilReady()
    const looking = setInterval(() => void lookForCancelled().catch(report), LOOK_MS).unref()
    let draining: Promise<void> | undefined
    return {
      drain() {
        draining ??= (async () => {
          await worker.close().catch(report)
          clearInterval(looking)
          await stopListening().catch(report)
          client.disconnect()
        })()
        return draining
      },
      async cutOff() {
        clearInterval(looking)
        await worker.disconnect().catch(() => {})
        client.disconnect()
      },
    }
  }

  async function lookForCancelled(): Promise<void> {
    await Promise.all(
      Array.from(running, async ([id, cancellation]) => {
        if ((await keyValue.get(cancelKey(id))) !== undefined) cancellation.cancel(CANCELLED)
      }),
    )
  }

  async function doWork(job: Job<string, string>, work: ServeWork['work']): Promise<string> {
    const id = job.id ?? ''
    const cancellation = new Cancellation()
    running.set(id, cancellation)
    try {
      const result = await work(job.data, cancellation)
      // Not its outcome: whoever waits decides what becomes of it.
      if (cancellation.reason === CLOSING) throw new Error(CLOSING)
      await keep(id, result)
      tellDone(id)
      return ''
    } finally {
      running.delete(id)
    }
  }

  /** A result is worth some patience while Redis is away. */
  async function keep(id: string, result: string): Promise<void> {
    const untilMs = performance.now() + RESULT_PATIENCE_MS
    for (;;) {
      try {
        await keyValue.set(resultKey(id), result, { ttlMs: KEEP_MS })
        return
      } catch (error) {
        if (closed || !isAway(error) || performance.now() > untilMs) throw error
        await sleep(RESULT_RETRY_MS)
      }
    }
  }

  function tellDone(id: string): void {
    bus.publish(doneChannel, id).catch(report)
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

const AWAY = /ECONN|EPIPE|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|onnection is closed|isn't writeable/
