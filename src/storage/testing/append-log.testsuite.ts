import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AppendLog } from '../append-log.ts'
import type { TestClock } from './test-clock.ts'

/** What every implementation of AppendLog promises. `open` gives an empty store and the clock it lives by. */
export function testAppendLog(
  name: string,
  open: () => Promise<{ log: AppendLog; clock: TestClock }>,
): void {
  const withLog = (run: (log: AppendLog, clock: TestClock) => Promise<void>) => async () => {
    const { log, clock } = await open()
    try {
      await run(log, clock)
    } finally {
      await log.close()
    }
  }

  describe(name, () => {
    it(
      'knows nothing of a log nobody wrote',
      withLog(async (log) => {
        assert.deepEqual(await log.read('nobody'), { first: 0, entries: [], length: 0 })
        assert.deepEqual(await log.read('nobody', 7), { first: 0, entries: [], length: 0 })
        assert.equal(await log.delete('nobody'), false)
        assert.deepEqual(await keysOf(log, ''), [])
      }),
    )

    it(
      'appends in order and answers the new length',
      withLog(async (log) => {
        assert.equal(await log.append('a', ['one\0 ü 🎈 "two"']), 1)
        assert.equal(await log.append('a', ['', '3', '12']), 4)
        assert.deepEqual(await log.read('a'), {
          first: 0,
          entries: ['one\0 ü 🎈 "two"', '', '3', '12'],
          length: 4,
        })
      }),
    )

    it(
      'reads from an index on, and nothing beyond the end',
      withLog(async (log) => {
        await log.append('a', ['0', '1', '2'])
        assert.deepEqual(await log.read('a', 1), { first: 1, entries: ['1', '2'], length: 3 })
        assert.deepEqual(await log.read('a', 3), { first: 3, entries: [], length: 3 })
        assert.deepEqual(await log.read('a', 9), { first: 3, entries: [], length: 3 })
      }),
    )

    it(
      'appends only to the expected length',
      withLog(async (log) => {
        assert.equal(await log.append('a', ['x'], { expectLength: 1 }), undefined)
        assert.equal(await log.append('a', ['0'], { expectLength: 0 }), 1)
        assert.equal(await log.append('a', ['0'], { expectLength: 0 }), undefined)
        assert.equal(await log.append('a', ['1', '2'], { expectLength: 1 }), 3)
        assert.deepEqual((await log.read('a')).entries, ['0', '1', '2'])
      }),
    )

    it(
      'lets exactly one of many racing writers go on from a length',
      withLog(async (log) => {
        const lengths = await Promise.all(
          Array.from({ length: 40 }, (_, n) => log.append('a', [String(n)], { expectLength: 0 })),
        )
        assert.equal(lengths.filter((length) => length === 1).length, 1)
        assert.equal(lengths.filter((length) => length === undefined).length, 39)
        assert.equal((await log.read('a')).length, 1)
      }),
    )

    it(
      'keeps every one of many concurrent appends, each in one piece',
      withLog(async (log) => {
        const lengths = await Promise.all(
          Array.from({ length: 60 }, (_, n) => log.append(`k${n % 3}`, [`${n}a`, `${n}b`])),
        )
        assert.equal(lengths.filter((length) => length === 40).length, 3)
        for (const key of ['k0', 'k1', 'k2']) {
          const { entries } = await log.read(key)
          assert.equal(new Set(entries).size, 40)
          for (let n = 0; n < 40; n += 2) {
            assert.equal(entries[n]?.replace('a', 'b'), entries[n + 1])
          }
        }
      }),
    )

    it(
      'drops the oldest beyond a bound and keeps the indexes',
      withLog(async (log) => {
        assert.equal(await log.append('a', ['0', '1', '2', '3', '4'], { keepLast: 3 }), 5)
        assert.deepEqual(await log.read('a'), { first: 2, entries: ['2', '3', '4'], length: 5 })
        assert.equal(await log.append('a', ['5'], { keepLast: 3, expectLength: 5 }), 6)
        assert.deepEqual(await log.read('a', 1), { first: 3, entries: ['3', '4', '5'], length: 6 })
        assert.deepEqual(await log.read('a', 5), { first: 5, entries: ['5'], length: 6 })
        assert.deepEqual(await log.read('a', 6), { first: 6, entries: [], length: 6 })
        assert.equal(await log.append('a', ['6']), 7)
        assert.equal((await log.read('a')).entries.length, 4)
      }),
    )

    it(
      'makes no log of no entries, but prolongs one',
      withLog(async (log, clock) => {
        assert.equal(await log.append('a', []), 0)
        assert.deepEqual(await keysOf(log, ''), [])
        await log.append('a', ['0'], { ttlMs: 1_000_000 })
        await clock.advance(900_000)
        assert.equal(await log.append('a', [], { ttlMs: 1_000_000 }), 1)
        await clock.advance(900_000)
        assert.equal((await log.read('a')).length, 1)
        assert.equal(await log.append('a', [], { expectLength: 7 }), undefined)
      }),
    )

    it(
      'lets a log expire as a whole, and begins anew',
      withLog(async (log, clock) => {
        await log.append('a', ['0', '1'], { ttlMs: 1_000_000 })
        await log.append('b', ['0'], { ttlMs: 1_000_000 })
        await log.append('b', ['1'])
        await clock.advance(900_000)
        assert.equal((await log.read('a')).length, 2)
        await clock.advance(100_000)
        assert.deepEqual(await log.read('a'), { first: 0, entries: [], length: 0 })
        assert.equal(await log.delete('a'), false)
        assert.deepEqual(await keysOf(log, ''), ['b'])
        assert.equal(await log.append('a', ['new'], { expectLength: 0 }), 1)
        assert.deepEqual((await log.read('a')).entries, ['new'])
      }),
    )

    it(
      'deletes a log with all its entries',
      withLog(async (log) => {
        await log.append('a', ['0', '1'])
        assert.equal(await log.delete('a'), true)
        assert.equal(await log.delete('a'), false)
        assert.equal(await log.append('a', ['new']), 1)
        assert.deepEqual((await log.read('a')).entries, ['new'])
      }),
    )

    it(
      'lists exactly the keys of a prefix, in order, wildcards taken literally',
      withLog(async (log) => {
        for (const key of [
          's:b',
          's:a',
          's%',
          's_a',
          's*',
          't:a',
          's',
          's:',
          's:\u{1f388}',
          's:ü',
        ]) {
          await log.append(key, ['x'])
        }
        assert.deepEqual(await keysOf(log, 's:'), ['s:', 's:a', 's:b', 's:ü', 's:\u{1f388}'])
        assert.deepEqual(await keysOf(log, 's%'), ['s%'])
        assert.deepEqual(await keysOf(log, 's*'), ['s*'])
        assert.equal((await keysOf(log, '')).length, 10)
      }),
    )

    it(
      'lists more than one page and bears deletes meanwhile',
      withLog(async (log) => {
        await Promise.all(
          Array.from({ length: 450 }, (_, n) =>
            log.append(`k:${String(n).padStart(4, '0')}`, ['']),
          ),
        )
        let seen = 0
        for await (const key of log.keys('k:')) {
          seen += 1
          await log.delete(key)
        }
        assert.equal(seen, 450)
        assert.deepEqual(await keysOf(log, ''), [])
      }),
    )

    it(
      'holds large entries and many of them',
      withLog(async (log) => {
        const large = 'x'.repeat(300_000)
        const many = Array.from({ length: 3000 }, (_, n) => String(n))
        await log.append('a', [large])
        assert.equal(await log.append('a', many, { expectLength: 1 }), 3001)
        const { entries } = await log.read('a')
        assert.equal(entries[0], large)
        assert.equal(entries[3000], '2999')
      }),
    )

    it(
      'finishes appends under way, then rejects after close, and bears a second close',
      withLog(async (log) => {
        const pending = log.append('a', ['1'])
        await log.close()
        await log.close()
        assert.equal(await pending, 1)
        const closed = { code: 'STORAGE_CLOSED' }
        await assert.rejects(log.append('a', ['1']), closed)
        await assert.rejects(log.read('a'), closed)
        await assert.rejects(log.delete('a'), closed)
        await assert.rejects(keysOf(log, ''), closed)
      }),
    )
  })
}

async function keysOf(log: AppendLog, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const key of log.keys(prefix)) keys.push(key)
  return keys
}
