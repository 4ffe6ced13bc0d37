import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemNow } from '../base/clock.ts'
import type { AppendLog } from '../storage/append-log.ts'
import { openStorage } from '../storage/open-storage.ts'
import { createSealer } from '../storage/sealing.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { createKeptEvents } from './kept-events.ts'

const sealer = createSealer([{ id: 'k', key: Buffer.alloc(32, 7) }])

async function setUp(withKey = true, keepMs?: number) {
  const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
  const make = () =>
    createKeptEvents({
      log: stores.appendLog,
      keyPrefix: 'events:',
      sealer: withKey ? sealer : undefined,
      logger: silentLogger,
      ...(keepMs === undefined ? {} : { keepMs }),
    })
  return { stores, make, [Symbol.asyncDispose]: () => stores.close() }
}

function body(message: object): Buffer[] {
  return [Buffer.from(JSON.stringify(message))]
}

const written = () => new Promise((resolve) => setTimeout(resolve, 100))

describe('createKeptEvents()', () => {
  it('says soon after an outage what streams answer, also those that have ended since', async () => {
    await using t = await setUp()
    let isAway = true
    const log: AppendLog = {
      ...t.stores.appendLog,
      append: (...args) =>
        isAway ? Promise.reject(new Error('away')) : t.stores.appendLog.append(...args),
    }
    const events = createKeptEvents({
      log,
      keyPrefix: 'events:',
      sealer,
      logger: silentLogger,
      retry: { minMs: 20, maxMs: 20 },
    })
    events.begin('s', 'x.1', [7])
    events.begin('s', 'x.2', [8])
    events.keep('s', 'x.2', 1, body({ id: 8 }))
    await written()
    events.end('s', 'x.2')
    isAway = false
    await written()
    assert.deepEqual((await t.make().read('s', 'x.1'))?.requests, [7])
    const lost = await t.make().read('s', 'x.2')
    assert.deepEqual(lost, { requests: [8], events: [], lastSeq: 0 })
    const { length } = await t.stores.appendLog.read('events:s:x.1')
    await written()
    assert.equal((await t.stores.appendLog.read('events:s:x.1')).length, length, 'once is enough')
  })

  it('gives another process the events of a stream in their order, and what it was to answer', async () => {
    await using t = await setUp()
    const events = t.make()
    events.begin('s', 'r1_x.1', ['a', 2])
    for (let seq = 1; seq <= 50; seq++) events.keep('s', 'r1_x.1', seq, body({ seq }))
    events.begin('s', 'r1_x.1', ['a', 2])
    await written()
    const kept = await t.make().read('s', 'r1_x.1')
    assert.deepEqual(kept?.requests, ['a', 2])
    assert.deepEqual(
      kept.events.map(({ seq, message }) => [seq, message['seq']]),
      Array.from({ length: 50 }, (_, index) => [index + 1, index + 1]),
    )
    assert.equal(kept.lastSeq, 50)
    assert.equal(await t.make().read('other', 'r1_x.1'), undefined)
  })

  it('keeps what a silent stream is to answer until it has answered', async () => {
    await using t = await setUp(true, 1_000)
    const events = t.make()
    events.begin('s', 'r1_x.1', [7])
    events.begin('s', 'r1_x.2', [8])
    events.begin('s', 'r1_x.0', [])
    events.end('s', 'r1_x.2')
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    assert.deepEqual((await t.make().read('s', 'r1_x.1'))?.requests, [7])
    assert.equal(await t.make().read('s', 'r1_x.2'), undefined)
    assert.equal(await t.make().read('s', 'r1_x.0'), undefined, 'it owes nothing')
    events.end('s', 'r1_x.1')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    assert.equal(await t.make().read('s', 'r1_x.1'), undefined)
  })

  it('stores no event without a key, and none in plain text with one', async () => {
    await using plain = await setUp(false)
    const events = plain.make()
    events.begin('s', 'x.1', [1])
    events.keep('s', 'x.1', 1, body({ result: 'secret' }))
    await written()
    const kept = await plain.make().read('s', 'x.1')
    assert.deepEqual(kept, { requests: [1], events: [], lastSeq: 1 })
    await using t = await setUp()
    t.make().keep('s', 'x.1', 1, body({ result: 'secret' }))
    await written()
    const { entries } = await t.stores.appendLog.read('events:s:x.1')
    assert.equal(entries.length, 1)
    assert.doesNotMatch(entries.join(), /secret/)
  })

  it('leaves out what is too large', async () => {
    await using t = await setUp()
    const events = t.make()
    events.keep('s', 'x.1', 1, body({ text: 'x'.repeat(300_000) }))
    events.keep('s', 'x.1', 2, body({ text: 'y' }))
    await written()
    const kept = await t.make().read('s', 'x.1')
    assert.deepEqual(kept?.events, [{ seq: 2, message: { text: 'y' } }])
  })
})
