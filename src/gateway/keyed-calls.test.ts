import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemNow } from '../base/clock.ts'
import { newUuid } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { Call } from '../mcp/call.ts'
import { mcpErrors } from '../mcp/errors.ts'
import { parseRawResult } from '../mcp/raw-response.ts'
import { resultReply, type Reply } from '../mcp/reply.ts'
import type { KeyValue } from '../storage/key-value.ts'
import { createSealer, type Sealer } from '../storage/sealing.ts'
import { openStorage } from '../storage/open-storage.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { createKeyedCalls, type KeyedCalls, type KeyedCallsPeers } from './keyed-calls.ts'
import { META_IDEMPOTENCY_KEY } from './keyed-calls/idempotency-key.ts'
import { makeCall } from './testing/fake-backend.ts'

const DONE = resultReply({ content: [{ type: 'text', text: 'done' }] })

const keyed = (key: string, args: JsonObject = {}, overrides: Partial<Call> = {}): Call =>
  makeCall({
    params: { name: 'pay', arguments: args, _meta: { [META_IDEMPOTENCY_KEY]: key } },
    ...overrides,
  })

interface Trouble {
  /** The operation of the store that rejects. */
  failing: keyof KeyValue | undefined
  /** No operation of the store ends. */
  hanging: boolean
  /** Runs of composite tools that the store has. */
  readonly runs: Set<string>
  /** How far the clock of the store is ahead, milliseconds. */
  aheadMs: number
  /** Resolves when replicas gave signs of life again. */
  beats(): Promise<void>
}

async function withReplicas(
  run: (
    replica: (peers?: () => KeyedCallsPeers, sealer?: Sealer) => KeyedCalls,
    store: KeyValue,
    trouble: Trouble,
  ) => Promise<void>,
): Promise<void> {
  let signs = 0
  const trouble: Trouble = {
    failing: undefined,
    hanging: false,
    runs: new Set(),
    aheadMs: 0,
    async beats() {
      const until = signs + 2
      while (signs < until) await sleep(5)
    },
  }
  const stores = await openStorage(
    { provider: 'memory' },
    { now: () => systemNow() + trouble.aheadMs },
  )
  const store = new Proxy(stores.keyValue, {
    get(target, name: keyof KeyValue) {
      if (trouble.hanging) return () => new Promise(() => {})
      if (name === trouble.failing) return () => Promise.reject(new Error('away'))
      if (name === 'touchMany') signs++
      return target[name].bind(target)
    },
  })
  const opened: KeyedCalls[] = []
  try {
    await run(
      (peers, sealer) => {
        const calls = createKeyedCalls({
          ...(peers === undefined ? {} : { peers }),
          store,
          keyPrefix: 'call:',
          sealer,
          keepMs: 60_000,
          runner: newUuid(),
          hasRun: async (run) => trouble.runs.has(run),
          newId: newUuid,
          beatMs: 10,
          log: silentLogger,
        })
        opened.push(calls)
        return calls
      },
      store,
      trouble,
    )
  } finally {
    for (const calls of opened) calls.close()
    await stores.close()
  }
}

/** Answers when told to, and counts. */
function backend() {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const made = {
    calls: 0,
    answer: resolve,
    fail: reject,
    next: () => {
      made.calls++
      return promise
    },
  }
  return made
}

/** A composite tool: starts a run, or attaches to the one that was started. */
function composite(runs: Set<string>, reply: (attached: boolean) => Promise<Reply> | Reply) {
  const made = {
    attached: [] as string[],
    next: async (call: Call): Promise<Reply> => {
      const { id, begun } = call.run!
      if (begun) made.attached.push(id)
      runs.add(id)
      call.run = { id, begun: true }
      return reply(begun)
    },
  }
  return made
}

async function assertUnknown(answer: Promise<Reply>): Promise<void> {
  await assert.rejects(answer, { code: 'GATEWAY_OUTCOME_UNKNOWN' })
}

function content(reply: Reply): unknown {
  assert.ok(reply.kind === 'raw' || reply.kind === 'result')
  return reply.kind === 'raw' ? parseRawResult(reply.response) : reply.result
}

describe('calls with an idempotency key', () => {
  it('are run once, on whichever replica they arrive, and all get the answer', () =>
    withReplicas(async (replica) => {
      const [a, b] = [replica(), replica()]
      const pay = backend()
      const first = a.stage(keyed('k'), pay.next)
      const again = a.stage(keyed('k'), pay.next)
      const elsewhere = b.stage(keyed('k'), pay.next)
      setTimeout(() => pay.answer(DONE), 50)
      const all = await Promise.all([first, again, elsewhere])
      const later = await b.stage(keyed('k'), pay.next)
      assert.equal(pay.calls, 1)
      for (const reply of [...all, later]) assert.deepEqual(content(reply), DONE.result)
    }))

  it('belong to one principal and one call', () =>
    withReplicas(async (replica) => {
      const calls = replica()
      const pay = backend()
      pay.answer(DONE)
      await calls.stage(keyed('k', { amount: 1 }), pay.next)
      await assert.rejects(async () => calls.stage(keyed('k', { amount: 2 }), pay.next), {
        code: 'GATEWAY_IDEMPOTENCY_KEY_REUSED',
      })
      const other = { kind: 'oidc', binding: 'issuer\0somebody' } as const
      await calls.stage(keyed('k', { amount: 1 }, { principal: other }), pay.next)
      assert.equal(pay.calls, 2)
    }))

  it('may be sent again when they provably did not run, and not when nobody knows', () =>
    withReplicas(async (replica) => {
      const [a, b] = [replica(), replica()]
      const failure = (ran: 'no' | 'unknown') => () =>
        Promise.reject(mcpErrors.BACKEND_GONE({ backend: 'bank', reason: 'gone', ran }))
      await assert.rejects(async () => a.stage(keyed('k'), failure('no')))
      await assert.rejects(async () => a.stage(keyed('k'), failure('unknown')))
      const pay = backend()
      pay.answer(DONE)
      await assert.rejects(async () => b.stage(keyed('k'), pay.next), {
        code: 'GATEWAY_OUTCOME_UNKNOWN',
      })
      assert.equal(pay.calls, 0)
    }))

  it('are of unknown outcome when the replica that ran them is gone', () =>
    withReplicas(async (replica, store) => {
      const pay = backend()
      const died = replica()
      void died.stage(keyed('k'), pay.next)
      await new Promise((resolve) => setTimeout(resolve, 20))
      died.close()
      for await (const { key } of store.scan('call:runner:')) await store.delete(key)
      await assert.rejects(async () => replica().stage(keyed('k'), pay.next), {
        code: 'GATEWAY_OUTCOME_UNKNOWN',
      })
      assert.equal(pay.calls, 1)
      pay.answer(DONE)
    }))

  it('are of unknown outcome as soon as others know that their replica has ended', () =>
    withReplicas(async (replica) => {
      const ended = new Set<string>()
      const peers = (address: string) => () => ({
        address,
        hasEnded: async (other: string) => ended.has(other),
        recall: async () => undefined,
      })
      const [a, b] = [replica(peers('a')), replica(peers('b'))]
      const [pay, tell] = [backend(), backend()]
      void a.stage(keyed('pay'), pay.next)
      void a.stage(keyed('tell'), tell.next)
      while (pay.calls + tell.calls < 2) await sleep(1)
      const fetched = [b.stage(keyed('pay'), pay.next), b.stage(keyed('tell'), tell.next)]
      tell.answer(DONE)
      await sleep(20)
      ended.add('a')
      await assert.rejects(async () => fetched[0], { code: 'GATEWAY_OUTCOME_UNKNOWN' })
      assert.deepEqual(content(await fetched[1]!), DONE.result)
      assert.equal(pay.calls, 1)
      pay.answer(DONE)
    }))

  it('find their run of a composite tool again when the replica that had it is gone', () =>
    withReplicas(async (replica, store, { runs }) => {
      const tool = composite(runs, (attached) => (attached ? DONE : new Promise(() => {})))
      const died = replica()
      void died.stage(keyed('k'), tool.next)
      while (runs.size === 0) await sleep(1)
      died.close()
      for await (const { key } of store.scan('call:runner:')) await store.delete(key)
      assert.deepEqual(content(await replica().stage(keyed('k'), tool.next)), DONE.result)
      assert.deepEqual(tool.attached, [...runs])
      // The answer is kept from now on.
      const never = () => Promise.reject(new Error('it must not run again'))
      assert.deepEqual(content(await replica().stage(keyed('k'), never)), DONE.result)
    }))

  it('find their run again when it asked, or went on without them', () =>
    withReplicas(async (replica, _store, { runs }) => {
      const [a, b] = [replica(), replica()]
      const question: Reply = { kind: 'input', state: 'run', requests: {} }
      const asking = composite(runs, (attached) => (attached ? DONE : question))
      assert.equal(await a.stage(keyed('ask'), asking.next), question)
      assert.deepEqual(content(await b.stage(keyed('ask'), asking.next)), DONE.result)
      const leaving = composite(runs, (attached) => {
        if (attached) return DONE
        throw mcpErrors.CALL_CANCELLED({ reason: 'the gateway closes', ran: 'unknown' })
      })
      await assert.rejects(async () => a.stage(keyed('leave'), leaving.next))
      assert.deepEqual(content(await b.stage(keyed('leave'), leaving.next)), DONE.result)
      assert.equal(runs.size, 2)
    }))

  it('are of unknown outcome when their run is not kept any more', () =>
    withReplicas(async (replica, _store, { runs }) => {
      const tool = composite(runs, () => ({ kind: 'input', state: 'run' }))
      await replica().stage(keyed('k'), tool.next)
      runs.clear()
      await assert.rejects(async () => replica().stage(keyed('k'), tool.next), {
        code: 'GATEWAY_OUTCOME_UNKNOWN',
      })
    }))

  it('are not run twice though they run longer than answers are kept, or the store forgets them', () =>
    withReplicas(async (replica, store, trouble) => {
      const [a, b] = [replica(), replica()]
      const pay = backend()
      const first = a.stage(keyed('k'), pay.next)
      await trouble.beats()
      for (let times = 0; times < 3; times++) {
        trouble.aheadMs += 40_000
        await trouble.beats()
      }
      for await (const { key } of store.scan('')) await store.delete(key)
      await trouble.beats()
      const later = b.stage(keyed('k'), pay.next)
      await sleep(20)
      pay.answer(DONE)
      const replies = await Promise.all([first, later])
      for (const reply of replies) assert.deepEqual(content(reply), DONE.result)
      assert.equal(pay.calls, 1)
    }))

  it('are of unknown outcome where the store forgot them and who ran them', () =>
    withReplicas(async (replica, store) => {
      const [a, b] = [replica(), replica()]
      const pay = backend()
      void a.stage(keyed('k'), pay.next)
      while (pay.calls === 0) await sleep(1)
      const waiting = b.stage(keyed('k'), pay.next)
      await sleep(20)
      a.close()
      b.close()
      for await (const { key } of store.scan('')) await store.delete(key)
      await assert.rejects(waiting, { code: 'GATEWAY_OUTCOME_UNKNOWN' })
      assert.equal(pay.calls, 1)
      pay.answer(DONE)
    }))

  it('are not run by who waits for them when the store forgets them, whatever else it remembers', () =>
    withReplicas(async (replica, store, trouble) => {
      const [a, b] = [replica(), replica()]
      const pay = backend()
      const first = a.stage(keyed('k'), pay.next)
      while (pay.calls === 0) await sleep(1)
      const waiting = b.stage(keyed('k'), pay.next)
      await sleep(20)
      // A failover: the latest writes are lost, an older sign of life is not, and its replica cannot say it again.
      trouble.failing = 'touchMany'
      for await (const { key } of store.scan('call:')) {
        if (!key.startsWith('call:runner:')) await store.delete(key)
      }
      await assert.rejects(waiting, { code: 'GATEWAY_OUTCOME_UNKNOWN' })
      assert.equal(pay.calls, 1)
      pay.answer(DONE)
      assert.deepEqual(content(await first), DONE.result)
      trouble.failing = undefined
      assert.deepEqual(content(await b.stage(keyed('k'), pay.next)), DONE.result)
      assert.equal(pay.calls, 1)
    }))

  it('are not run again when the store forgot them, as long as the replica that ran them is there', () =>
    withReplicas(async (replica, store) => {
      const replicas: KeyedCalls[] = []
      const peers = () => ({
        address: '',
        hasEnded: async () => false,
        recall: async (at: string) =>
          replicas.map((each) => each.recall(at)).find((text) => text !== undefined),
      })
      replicas.push(replica(peers), replica(peers))
      const [a, b] = replicas as [KeyedCalls, KeyedCalls]
      const pay = backend()
      const forget = async (): Promise<void> => {
        for await (const { key } of store.scan('call:')) {
          if (!key.startsWith('call:runner:')) await store.delete(key)
        }
      }
      const first = a.stage(keyed('k'), pay.next)
      while (pay.calls === 0) await sleep(1)
      await forget()
      const meanwhile = b.stage(keyed('k'), pay.next)
      await sleep(20)
      pay.answer(DONE)
      const answers = await Promise.all([first, meanwhile])
      for (const each of [b, a]) {
        await forget()
        answers.push(await each.stage(keyed('k'), pay.next))
      }
      for (const each of answers) assert.deepEqual(content(each), DONE.result)
      assert.equal(pay.calls, 1)
    }))

  it('are run by who waits for them when their runner says that they did not run', () =>
    withReplicas(async (replica) => {
      const [a, b, c] = [replica(), replica(), replica()]
      const [refused, pay] = [backend(), backend()]
      const first = a.stage(keyed('k'), refused.next)
      while (refused.calls === 0) await sleep(1)
      const waiting = [b.stage(keyed('k'), pay.next), c.stage(keyed('k'), pay.next)]
      await sleep(20)
      refused.fail(mcpErrors.BACKEND_GONE({ backend: 'bank', reason: 'gone', ran: 'no' }))
      await assert.rejects(first)
      pay.answer(DONE)
      for (const reply of await Promise.all(waiting)) {
        assert.deepEqual(content(reply), DONE.result)
      }
      assert.equal(pay.calls, 1)
    }))

  it('get their answer though the store was away when it came', () =>
    withReplicas(async (replica, _store, trouble) => {
      const [a, b] = [replica(), replica()]
      const pay = backend()
      const first = a.stage(keyed('k'), pay.next)
      await trouble.beats()
      trouble.failing = 'set'
      pay.answer(DONE)
      assert.deepEqual(content(await first), DONE.result)
      await assert.rejects(async () => b.stage(keyed('k'), pay.next), /away/)
      trouble.failing = undefined
      const fetched = await Promise.all([
        b.stage(keyed('k'), pay.next),
        a.stage(keyed('k'), pay.next),
      ])
      for (const reply of fetched) assert.deepEqual(content(reply), DONE.result)
      assert.equal(pay.calls, 1)
    }))

  it('are known to run, also when no other one did for a while', () =>
    withReplicas(async (replica, store, trouble) => {
      const [a, b] = [replica(), replica()]
      await a.stage(keyed('first'), () => Promise.resolve(DONE))
      await sleep(30)
      trouble.aheadMs += 20_000
      const pay = backend()
      void a.stage(keyed('k'), pay.next)
      while (pay.calls === 0) await sleep(1)
      const alive = []
      for await (const { key } of store.scan('call:runner:')) alive.push(key)
      assert.equal(alive.length, 1)
      const fetched = b.stage(keyed('k'), pay.next)
      pay.answer(DONE)
      assert.deepEqual(content(await fetched), DONE.result)
      assert.equal(pay.calls, 1)
    }))

  it('keep errors of the backend as answers, large results not at all', () =>
    withReplicas(async (replica) => {
      const calls = replica()
      const error: Reply = { kind: 'error', error: { code: 7, message: 'no money' } }
      assert.equal(await calls.stage(keyed('e'), () => Promise.resolve(error)), error)
      assert.deepEqual(await calls.stage(keyed('e'), () => Promise.resolve(DONE)), error)
      const large = resultReply({ text: 'x'.repeat(2 * 1024 * 1024) })
      assert.equal(await calls.stage(keyed('l'), () => Promise.resolve(large)), large)
      await assert.rejects(async () => calls.stage(keyed('l'), () => Promise.resolve(DONE)), {
        code: 'GATEWAY_LATE_RESULT_DROPPED',
      })
    }))

  it('have their answers sealed where there is a key, each for its own place', () =>
    withReplicas(async (replica, store) => {
      const sealer = createSealer([{ id: 'a', key: randomBytes(32) }])
      const other = createSealer([{ id: 'a', key: randomBytes(32) }])
      const [a, b] = [replica(undefined, sealer), replica(undefined, sealer)]
      const never = () => Promise.reject(new Error('it must not run again'))
      const error: Reply = { kind: 'error', error: { code: 7, message: 'done without success' } }
      await a.stage(keyed('result'), () => Promise.resolve(DONE))
      await a.stage(keyed('error'), () => Promise.resolve(error))
      const late = a.adopt(makeCall({ params: { name: 'pay', arguments: {} } }))
      await late.settle(DONE)
      assert.deepEqual(content(await b.stage(keyed('result'), never)), DONE.result)
      assert.deepEqual(content(await b.stage(keyed(late.key), never)), DONE.result)
      assert.deepEqual(await b.stage(keyed('error'), never), error)
      const entries = await Array.fromAsync(store.scan('call:'))
      for (const { value } of entries) assert.doesNotMatch(value, /done/)
      // Neither without the key, nor moved to the place of another call.
      const strangers = [replica(), replica(undefined, other)]
      for (const stranger of strangers) await assertUnknown(stranger.stage(keyed('result'), never))
      const records = entries.filter(({ value }) => value.includes('sealed'))
      assert.equal(records.length, 3)
      const [one, two, three] = records
      await store.set(one!.key, two!.value)
      await store.set(two!.key, three!.value)
      await store.set(three!.key, one!.value)
      for (const key of ['result', 'error', late.key]) {
        await assertUnknown(b.stage(keyed(key), never))
      }
    }))

  it('are of unknown outcome where an older version stored the answer without sealing it', () =>
    withReplicas(async (replica) => {
      const never = () => Promise.reject(new Error('it must not run again'))
      await replica().stage(keyed('k'), () => Promise.resolve(DONE))
      const sealer = createSealer([{ id: 'a', key: randomBytes(32) }])
      await assertUnknown(replica(undefined, sealer).stage(keyed('k'), never))
    }))

  it('stop waiting when their client goes', () =>
    withReplicas(async (replica) => {
      const pay = backend()
      void replica().stage(keyed('k'), pay.next)
      const call = keyed('k')
      const waiting = replica().stage(call, pay.next)
      setTimeout(() => call.cancellation.cancel('the client has gone'), 30)
      await assert.rejects(waiting, { code: 'GATEWAY_WAIT_CANCELLED' })
      pay.answer(DONE)
    }))

  it('do not end for one who waits because the client of another has gone', () =>
    withReplicas(async (replica) => {
      const [a, b] = [replica(), replica()]
      const pay = backend()
      const cancelled = a.stage(keyed('k'), pay.next)
      const first = keyed('k')
      const gone = b.stage(first, pay.next)
      const waiting = [a.stage(keyed('k'), pay.next), b.stage(keyed('k'), pay.next)]
      await sleep(20)
      first.cancellation.cancel('the client has gone')
      await assert.rejects(gone, { code: 'GATEWAY_WAIT_CANCELLED' })
      pay.fail(mcpErrors.CALL_CANCELLED({ reason: 'the client has gone', ran: 'unknown' }))
      await assert.rejects(cancelled, { code: 'MCP_CALL_CANCELLED' })
      for (const each of waiting) await assertUnknown(each)
      assert.equal(pay.calls, 1)
    }))

  it('must have a usable key; calls without one pass untouched', () =>
    withReplicas(async (replica) => {
      const calls = replica()
      for (const key of ['', 'x'.repeat(201), 7]) {
        const call = makeCall({
          params: { name: 'pay', _meta: { [META_IDEMPOTENCY_KEY]: key } },
        })
        assert.throws(() => calls.stage(call, () => Promise.resolve(DONE)), {
          code: 'GATEWAY_BAD_IDEMPOTENCY_KEY',
        })
      }
      const reply = Promise.resolve(DONE)
      assert.equal(
        calls.stage(makeCall({ params: { name: 'pay' } }), () => reply),
        reply,
      )
    }))
})

describe('calls whose answer comes late', () => {
  it('can be fetched elsewhere with the key they were given', () =>
    withReplicas(async (replica) => {
      const [leaving, staying] = [replica(), replica()]
      const late = leaving.adopt(makeCall({ params: { name: 'pay', arguments: {} } }))
      await late.known
      const never = () => Promise.reject(new Error('it must not run again'))
      const fetched = staying.stage(keyed(late.key), never)
      setTimeout(() => void late.settle(DONE), 50)
      assert.deepEqual(content(await fetched), DONE.result)
    }))

  it('find their run of a composite tool again', () =>
    withReplicas(async (replica, _store, { runs }) => {
      const call = makeCall({ params: { name: 'pay', arguments: {} } })
      const tool = composite(runs, () => DONE)
      call.run = { id: 'run', begun: true }
      runs.add('run')
      const late = replica().adopt(call)
      await late.settle(undefined)
      assert.deepEqual(content(await replica().stage(keyed(late.key), tool.next)), DONE.result)
      assert.deepEqual(tool.attached, ['run'])
    }))

  it('are of unknown outcome when the answer never came', () =>
    withReplicas(async (replica) => {
      const late = replica().adopt(makeCall({ params: { name: 'pay', arguments: {} } }))
      await late.settle(undefined)
      await late.settle(DONE)
      await assert.rejects(
        async () => replica().stage(keyed(late.key), () => Promise.resolve(DONE)),
        { code: 'GATEWAY_OUTCOME_UNKNOWN' },
      )
    }))

  it('are never begun by the key they were given, though the store knows nothing of them', () =>
    withReplicas(async (replica, _store, trouble) => {
      trouble.failing = 'set'
      const late = replica().adopt(makeCall({ params: { name: 'pay', arguments: {} } }))
      await assert.rejects(late.known, /away/)
      trouble.failing = undefined
      const pay = backend()
      await assert.rejects(async () => replica().stage(keyed(late.key), pay.next), {
        code: 'GATEWAY_OUTCOME_UNKNOWN',
      })
      assert.equal(pay.calls, 0)
    }))

  it('do not keep their replica when its store stands still', () =>
    withReplicas(async (replica, _store, trouble) => {
      const leaving = replica()
      const call = makeCall({ params: { name: 'pay', arguments: {} } })
      trouble.hanging = true
      leaving.adopt(call)
      await leaving.settled(10, 20)
      assert.equal(call.cancellation.cancelled, true)
    }))
})
