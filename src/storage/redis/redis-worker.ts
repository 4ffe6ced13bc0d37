import { setTimeout as sleep } from 'node:timers/promises'
import { Worker, type Job } from 'bullmq'
import { Cancellation } from '../../base/cancellation.ts'
import { isAppError } from '../../base/errors.ts'
import { inTime } from '../../base/in-time.ts'
import type { KeyValue } from '../key-value.ts'
import type { MessageBus } from '../message-bus.ts'
import type { RedisSettings } from '../redis-settings.ts'
import type { ServeWork, Serving } from '../work-queue.ts'
import { createRedisClient } from './redis-client.ts'
import type { WorkNames } from './work-names.ts'

export interface RedisWorkerOptions extends ServeWork {
  readonly settings: RedisSettings
  readonly names: WorkNames
  readonly keyValue: KeyValue
  readonly bus: MessageBus
  /** A worker that gave no sign of life for so long is gone; it is noticed within one to two times this. */
  readonly lostAfterMs: number
  /** How long results are kept. */
  readonly keepMs: number
  readonly onError: (error: unknown) => void
}

export interface RedisWorker extends Serving {
  /** Tells what is still done to end, and gives the connections up whatever still runs. Its work is lost. */
  close(): Promise<void>
}

const CANCELLED = 'not wanted any more'
/** How often to look whether what is done was cancelled. */
const LOOK_MS = 2_000
/** While Redis is away: how long a result waits for it, and how often that is tried. */
const RESULT_PATIENCE_MS = 60_000
const RESULT_RETRY_MS = 500
const CLOSING = 'this replica closes'
/** What work that was told to end may still take. */
const CLOSE_MS = 2_000
const IDLE_LOOK_MS = 100

/** Takes work of a queue, over two connections of its own. */
export async function openRedisWorker(options: RedisWorkerOptions): Promise<RedisWorker> {
  const { settings, names, keyValue, bus, concurrency, lostAfterMs, keepMs, onError } = options
  const running = new Map<string, Cancellation>()
  let closed = false
  const client = createRedisClient(settings, { mayRetry: () => !closed, patient: true })
  client.on('error', () => {})
  const stopListening = await bus.subscribe(names.cancelChannel, (id) =>
    running.get(id)?.cancel(CANCELLED),
  )
  const worker = new Worker<string, string>(names.queue, doWork, {
    connection: client,
    prefix: names.prefix,
    concurrency,
    skipVersionCheck: true,
    lockDuration: lostAfterMs,
    stalledInterval: lostAfterMs,
    // Never given to another one by itself: what is lost may have been done.
    maxStalledCount: 0,
    maxStartedAttempts: 1,
    drainDelay: 5,
  })
  worker.on('error', onError)
  worker.on('failed', (job) => {
    if (job?.id !== undefined) tellDone(job.id)
  })
  await worker.waitUntilReady()
  const looking = setInterval(() => void lookForCancelled().catch(onError), LOOK_MS).unref()
  let draining: Promise<void> | undefined
  let drained = false

  /** Resolves when nothing has been done here for so long. The worker itself waits for a Redis that is away as long as it is. */
  async function idleFor(ms: number): Promise<void> {
    for (let idleMs = 0; idleMs < ms && !drained; idleMs += IDLE_LOOK_MS) {
      await sleep(IDLE_LOOK_MS, undefined, { ref: false })
      if (running.size > 0) idleMs = 0
    }
  }

  function drain(): Promise<void> {
    draining ??= (async () => {
      await Promise.race([worker.close().catch(onError), idleFor(CLOSE_MS)])
      drained = true
      clearInterval(looking)
      await stopListening().catch(onError)
      client.disconnect()
    })()
    return draining
  }

  return {
    drain,
    async close() {
      closed = true
      for (const cancellation of running.values()) cancellation.cancel(CLOSING)
      if (await inTime(drain(), CLOSE_MS)) return
      clearInterval(looking)
      // Only where something is left to cut: on a Cluster it waits for an end that has passed where there is not.
      await inTime(worker.disconnect().catch(onError), CLOSE_MS)
      client.disconnect()
    },
  }

  async function doWork(job: Job<string, string>): Promise<string> {
    const id = job.id ?? ''
    const cancellation = new Cancellation()
    running.set(id, cancellation)
    try {
      // It may have been cancelled while it came here. A store that does not answer is asked again later.
      await lookAt(id, cancellation).catch(onError)
      const result = await options.work(job.data, cancellation, id)
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
        await keyValue.set(names.resultKey(id), result, { ttlMs: keepMs })
        return
      } catch (error) {
        if (closed || !isAppError(error, AWAY) || performance.now() > untilMs) throw error
        await sleep(RESULT_RETRY_MS)
      }
    }
  }

  function tellDone(id: string): void {
    bus.publish(names.doneChannel, id).catch(onError)
  }

  async function lookForCancelled(): Promise<void> {
    await Promise.all(Array.from(running, (each) => lookAt(...each)))
  }

  async function lookAt(id: string, cancellation: Cancellation): Promise<void> {
    if ((await keyValue.get(names.cancelKey(id))) !== undefined) cancellation.cancel(CANCELLED)
  }
}

const AWAY = 'STORAGE_REDIS_AWAY'
