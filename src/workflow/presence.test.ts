import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyValue } from '../storage/key-value.ts'
import { openStorage } from '../storage/open-storage.ts'
import { openPresence, type PresenceOptions } from './presence.ts'

/** A process that looks at another one, `b`, whose sign is there until it is taken away. Time passes by `pass` only. */
async function setUp(some: Partial<PresenceOptions> = {}) {
  let time = 0
  let beats = 0
  let failures = 0
  let isAway = false
  const stores = await openStorage({ provider: 'memory' }, { now: () => time })
  const memory = stores.keyValue
  const through = <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    async function (...args: Args): Promise<Result> {
      if (isAway) throw new Error('away')
      return work(...args)
    }
  const store: KeyValue = { ...memory, get: through(memory.get), set: through(memory.set) }
  const presence = await openPresence({
    store,
    prefix: '',
    owner: 'a',
    onBeat: () => (beats += 1),
    onError: () => (failures += 1),
    elapsed: () => time,
    beatMs: 2,
    ...some,
  })
  const other = await openPresence({
    store: memory,
    prefix: '',
    owner: 'b',
    onBeat: () => {},
    onError: () => {},
    beatMs: 1_000_000,
  })
  return {
    presence,
    other,
    setAway: (is: boolean) => (isAway = is),
    /** Time passes, and after every three seconds of it a sign is given, or fails. */
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += 3000) {
        time += Math.min(3000, ms - passed)
        const before = beats + failures
        // One may have been under way.
        while (beats + failures < before + 2) await sleep(1)
      }
    },
    /** This process stands still. */
    stand: (ms: number) => (time += ms),
    async [Symbol.asyncDispose]() {
      await presence.close()
      await stores.close()
    },
  }
}

describe('the presence of processes', () => {
  it('takes one for gone whose sign ended while it could have given another', async () => {
    await using t = await setUp()
    await t.pass(9000)
    assert.equal(await t.presence.isThere('b'), true, 'its sign is there')
    await t.pass(3000)
    assert.equal(await t.presence.isThere('b'), false)
  })

  it('gives others the time to say that they live after the store was away', async () => {
    await using t = await setUp()
    await t.pass(12_000)
    t.setAway(true)
    await t.pass(12_000)
    t.setAway(false)
    await t.pass(3000)
    assert.equal(await t.presence.isThere('b'), true, 'nobody could give a sign')
    await t.pass(6000)
    assert.equal(await t.presence.isThere('b'), true)
    await t.pass(6000)
    assert.equal(await t.presence.isThere('b'), false)
  })

  it('gives them that time too after it stood still itself, as it cannot know about the store', async () => {
    await using t = await setUp()
    await t.pass(12_000)
    t.stand(60_000)
    await t.pass(3000)
    assert.equal(await t.presence.isThere('b'), true)
    await t.pass(12_000)
    assert.equal(await t.presence.isThere('b'), false)
  })

  it('does not take one for gone that answers, however long its sign is gone', async () => {
    const asked: string[] = []
    let answers = true
    await using t = await setUp({
      answers: async (owner) => {
        asked.push(owner)
        return answers
      },
    })
    assert.equal(await t.presence.isThere('b'), true)
    assert.deepEqual(asked, [], 'its sign is there')
    await t.pass(30_000)
    assert.equal(await t.presence.isThere('b'), true)
    answers = false
    assert.equal(await t.presence.isThere('b'), false)
    assert.deepEqual(asked, ['b', 'b'])
  })

  it('knows at once of those who left in order, and of those who are known to be gone', async () => {
    await using t = await setUp({ isGone: (owner) => owner === 'c' })
    assert.equal(await t.presence.isThere('b'), true)
    await t.other.close()
    assert.equal(await t.presence.isThere('b'), false)
    assert.equal(await t.presence.isThere('c'), false)
    assert.equal(await t.presence.isThere('d'), true, 'nobody knows it yet')
  })
})
