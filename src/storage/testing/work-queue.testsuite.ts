import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cancellation } from '../../base/cancellation.ts'
import type { Stores } from '../stores.ts'
import type { WorkQueue } from '../work-queue.ts'

const NEVER = new Cancellation()

/** Everything that is promised of a work queue, but for what happens to killed workers. `open` gives stores under a prefix. */
export function testWorkQueue(name: string, open: (keyPrefix: string) => Promise<Stores>): void {
  describe(name, () => {
    let count = 0
    const opened: { queue: WorkQueue; stores: Stores }[] = []
    afterEach(async () => {
      count += 1
      for (const { queue, stores } of opened.splice(0)) {
        await queue.close()
        await stores.close()
      }
    })

    const openQueue = async (): Promise<WorkQueue> => {
      const stores = await open(`${name.replaceAll(' ', '-')}:${count}:`)
      const queue = await stores.workQueue!('loops', { lostAfterMs: 1000 })
      opened.push({ queue, stores })
      return queue
    }

    it('gives each piece to one worker, and its result to whoever asks', async () => {
      const queue = await openQueue()
      const done: string[] = []
      for (const worker of ['a', 'b']) {
        await (
          await openQueue()
        ).serve({
          concurrency: 2,
          async work(text) {
            done.push(text)
            await sleep(20)
            return `${worker} did ${text}`
          },
        })
      }
      const texts = Array.from({ length: 20 }, (_, at) => `job-${at}`)
      const ends = await Promise.all(
        texts.map(async (text) => {
          await queue.add(text, text)
          return queue.outcome(text, NEVER)
        }),
      )
      assert.deepEqual(done.toSorted(), texts.toSorted())
      for (const [at, end] of ends.entries()) {
        assert.ok(end.kind === 'done')
        assert.match(end.result, new RegExp(`^[ab] did job-${at}$`))
      }
      // Somebody else may ask later, until it is forgotten.
      assert.equal((await (await openQueue()).outcome('job-3', NEVER)).kind, 'done')
      await queue.forget('job-3')
      assert.deepEqual(await queue.outcome('job-3', NEVER), { kind: 'lost' })
    })

    it('never begins what was cancelled before', async () => {
      const queue = await openQueue()
      await queue.add('early', 'early')
      await queue.cancel('early')
      const done: string[] = []
      await queue.serve({ concurrency: 1, work: async (text) => String(done.push(text)) })
      await queue.add('late', 'late')
      assert.equal((await queue.outcome('late', NEVER)).kind, 'done')
      assert.deepEqual(done, ['late'])
      assert.deepEqual(await queue.outcome('early', NEVER), { kind: 'lost' })
    })

    it('tells whoever does it that it was cancelled', async () => {
      const queue = await openQueue()
      const begun = Promise.withResolvers<void>()
      await (
        await openQueue()
      ).serve({
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

    it('lets a worker that drains end what it has, and take nothing more', async () => {
      const queue = await openQueue()
      const begun = Promise.withResolvers<void>()
      const mayEnd = Promise.withResolvers<void>()
      const serving = await (
        await openQueue()
      ).serve({
        concurrency: 5,
        async work(text) {
          begun.resolve()
          await mayEnd.promise
          return text
        },
      })
      await queue.add('one', 'one')
      await begun.promise
      const drained = serving.drain()
      // What comes at this very moment may be taken, and is done then.
      await sleep(300)
      await queue.add('two', 'two')
      await sleep(100)
      mayEnd.resolve()
      await drained
      assert.deepEqual(await queue.outcome('one', NEVER), { kind: 'done', result: 'one' })
      const enough = new Cancellation()
      setTimeout(() => enough.cancel('enough'), 300)
      assert.deepEqual(await queue.outcome('two', enough), { kind: 'left' })
    })
  })
}
