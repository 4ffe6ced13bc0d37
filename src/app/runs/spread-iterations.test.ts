import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Cancellation } from '../../base/cancellation.ts'
import type { AppError } from '../../base/errors.ts'
import type { CallForRun } from '../../gateway/call-for-run.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import { storageErrors } from '../../storage/errors.ts'
import type { ServeWork, WorkEnd, WorkQueue } from '../../storage/work-queue.ts'
import { silentLogger } from '../../telemetry/logger.ts'
import type { StepCall } from '../../workflow/ports.ts'
import { createSpread, type SpreadOptions } from './spread-iterations.ts'

/** A queue whose work is done at once by whoever serves; without a server it waits. */
function fakeQueue() {
  const texts = new Map<string, string>()
  const cancelled: string[] = []
  const forgotten: string[] = []
  let serve: ServeWork | undefined
  const queue: WorkQueue = {
    async add(id, text) {
      texts.set(id, text)
    },
    outcome(id, cancellation) {
      return new Promise<WorkEnd>((resolve) => {
        cancellation.onCancel(() => resolve({ kind: 'left' }))
        const text = texts.get(id)
        if (text === undefined) resolve({ kind: 'lost' })
        else
          void serve?.work(text, cancellation, id).then(
            (result) => resolve({ kind: 'done', result }),
            () => resolve({ kind: 'lost' }),
          )
      })
    },
    async cancel(id) {
      cancelled.push(id)
    },
    async forget(id) {
      forgotten.push(id)
    },
    async serve(given) {
      serve = given
      return { drain: async () => {} }
    },
    close: async () => {},
  }
  return { queue, texts, cancelled, forgotten }
}

function spreadOf(given: Partial<SpreadOptions> = {}, isLeft = () => false) {
  const fake = fakeQueue()
  const lines: string[] = []
  const spread = createSpread({
    openQueue: async () => fake.queue,
    others: () => 1,
    call: async ({ arguments: args }) => ({ structuredContent: args }),
    metaOf: () => undefined,
    sealing: {
      seal: (text, place) => Buffer.from(`${place}|${text}`).toString('base64'),
      open(sealed, place) {
        const text = Buffer.from(sealed, 'base64').toString()
        if (!text.startsWith(`${place}|`)) throw new Error('of another place')
        return text.slice(place.length + 1)
      },
    },
    newId: () => 'job-1',
    log: { ...silentLogger, info: (_: object, message: string) => void lines.push(message) },
    ...given,
  })
  const run = spread.of({ id: 'r1', workflow: 'w', caller: { principal: 'p' }, isLeft })
  return { ...fake, spread, run, lines }
}

function stepCall(rest: Partial<StepCall> = {}): StepCall {
  const cancellation = new Cancellation()
  const call = { tool: 't', arguments: { n: 1 }, step: 's', iteration: 3, attempt: 1 }
  return { ...call, cancellation, ...rest }
}

describe('iterations spread over replicas', () => {
  it('travel sealed, with the run, the step and the caller, and come back as a result', async () => {
    const calls: CallForRun[] = []
    const t = spreadOf({
      async call(call) {
        calls.push(call)
        return { done: true }
      },
    })
    await t.spread.serve()
    assert.deepEqual(await t.run.call('job-1', stepCall()), { done: true })
    assert.deepEqual(calls, [
      {
        origin: { workflow: 'w', run: 'r1', step: 's', iteration: 3 },
        caller: { principal: 'p' },
        tool: 't',
        arguments: { n: 1 },
        meta: undefined,
      },
    ])
    assert.doesNotMatch(t.texts.get('job-1') ?? '', /"tool"/)
    t.run.forget('job-1')
    await turn()
    assert.deepEqual(t.forgotten, ['job-1'])
  })

  it('fail with the words of the replica that made the call', async () => {
    const t = spreadOf({
      call: () => Promise.reject(mcpErrors.CALL_CANCELLED({ reason: 'enough', ran: 'no' })),
    })
    await t.spread.serve()
    const failed = t.run.call('job-1', stepCall())
    await assert.rejects(failed, { code: 'WORKFLOW_CALL_FAILED_ELSEWHERE', message: /enough/ })
    const error = (await failed.catch((one: unknown) => one)) as AppError
    assert.equal(error.details['ran'], 'no')
  })

  it('tell nobody where the store is', async () => {
    const away = storageErrors.REDIS_AWAY({ store: '10.1.2.3:6379', reason: 'gone' })
    const t = spreadOf({ call: () => Promise.reject(away) })
    await t.spread.serve()
    await assert.rejects(t.run.call('job-1', stepCall()), (error: Error) => {
      assert.doesNotMatch(error.message, /10\.1\.2\.3/)
      return /cannot use its store/.test(error.message)
    })
  })

  it('are lost where nobody knows of them', async () => {
    const t = spreadOf()
    await assert.rejects(t.run.outcome('old', stepCall()), { code: 'WORKFLOW_WORKER_LOST' })
    const { run } = spreadOf({ openQueue: undefined })
    await assert.rejects(run.outcome('old', stepCall()), { code: 'WORKFLOW_WORKER_LOST' })
  })

  it('are lost where somebody put another job, or the result of another run, in their place', async () => {
    let calls = 0
    const t = spreadOf({
      async call() {
        calls += 1
        return {}
      },
    })
    await t.spread.serve()
    await t.run.call('job-1', stepCall())
    t.texts.set('job-2', t.texts.get('job-1')!)
    await assert.rejects(t.run.outcome('job-2', stepCall()), { code: 'WORKFLOW_WORKER_LOST' })
    assert.equal(calls, 1)
    const other = t.spread.of({ id: 'r2', workflow: 'w', caller: {}, isLeft: () => false })
    await assert.rejects(other.outcome('job-1', stepCall()), { code: 'WORKFLOW_WORKER_LOST' })
  })

  it('are cancelled where they are when the run is, and left alone when it goes on elsewhere', async () => {
    for (const isLeft of [false, true]) {
      const t = spreadOf({}, () => isLeft)
      const call = stepCall()
      const made = t.run.call('job-1', call)
      await turn()
      call.cancellation.cancel('enough')
      await assert.rejects(made, { code: 'MCP_CALL_CANCELLED' })
      assert.deepEqual(t.cancelled, isLeft ? [] : ['job-1'])
      t.run.forget('job-1')
      await turn()
      assert.deepEqual(t.forgotten, isLeft ? [] : ['job-1'])
    }
  })

  it('stay here while there is no other replica, or no Redis, which is said once', () => {
    for (const given of [{ others: () => 0 }, { openQueue: undefined }]) {
      const t = spreadOf(given)
      assert.equal(t.run.isShared(), false)
      assert.equal(t.run.isShared(), false)
      assert.equal(t.lines.length, 1)
    }
    assert.equal(spreadOf().run.isShared(), true)
  })
})
