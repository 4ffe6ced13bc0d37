import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemNow } from '../base/clock.ts'
import type { AppendLog } from '../storage/append-log.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { JournalEntry } from './journal.ts'
import { readJournal, unsealed } from './journal-text.ts'
import { openJournal, type JournalOptions } from './open-journal.ts'

const started: JournalEntry = { kind: 'call-started', at: 1, step: 'a', attempt: 1, safe: false }
const finished = (output: string): JournalEntry => ({
  kind: 'step-finished',
  at: 2,
  step: 'a',
  status: 'completed',
  tries: 1,
  output: { output },
})

async function withLog(
  test: (
    log: AppendLog,
    open: (some?: Partial<JournalOptions>) => ReturnType<typeof openJournal>,
  ) => Promise<void>,
): Promise<void> {
  const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
  const log = stores.appendLog
  const defaults = { run: 'r', log, key: 'k', length: 0, size: 0, maxSize: 10_000, keepMs: 1000 }
  const hooks = { sealing: unsealed, onLost: () => {}, onError: () => {} }
  await test(log, (some = {}) => openJournal({ ...defaults, ...hooks, ...some }))
  await stores.close()
}

const read = async (log: AppendLog) => readJournal((await log.read('k')).entries, unsealed, 'k')

it('writes what was added in one turn in one append, in order', async () => {
  await withLog(async (log, open) => {
    let appends = 0
    const counting: AppendLog = {
      ...log,
      append: (...given) => {
        appends += 1
        return log.append(...given)
      },
    }
    const journal = open({ log: counting })
    journal.add(started)
    journal.add(finished('x'))
    await journal.commit()
    assert.equal(appends, 1)
    assert.deepEqual(await read(log), [started, finished('x')])
    assert.equal(journal.commit(), undefined)
  })
})

it('writes soon what nobody waits for', async () => {
  await withLog(async (log, open) => {
    open().add(started)
    await sleep(5)
    assert.equal((await read(log)).length, 1)
  })
})

it('tells that another process has the run, and writes nothing more', async () => {
  await withLog(async (log, open) => {
    let lost = 0
    const journal = open({ onLost: () => (lost += 1) })
    await log.append('k', ['[{"kind":"run-taken","at":1,"owner":"other"}]'])
    journal.add(started)
    await assert.rejects(async () => journal.commit(), { code: 'WORKFLOW_RUN_TAKEN_OVER' })
    journal.add(started)
    await assert.rejects(async () => journal.commit(), { code: 'WORKFLOW_RUN_TAKEN_OVER' })
    assert.equal(lost, 1)
    assert.equal((await log.read('k')).length, 1)
  })
})

it('tries again after the store failed, and knows an append whose answer was lost', async () => {
  await withLog(async (log, open) => {
    let trouble: 'before' | 'after' | undefined = 'before'
    const failing: AppendLog = {
      ...log,
      async append(...given) {
        if (trouble === 'before') throw new Error('away')
        const length = await log.append(...given)
        if (trouble === 'after') throw new Error('cut off')
        return length
      },
    }
    const errors: unknown[] = []
    const journal = open({ log: failing, onError: (error) => errors.push(error) })
    journal.add(started)
    await assert.rejects(async () => journal.commit(), /away/)
    trouble = 'after'
    await assert.rejects(async () => journal.commit(), /cut off/)
    trouble = undefined
    // What comes later does not hide that the first one is there already.
    journal.add(finished('x'))
    await journal.commit()
    assert.deepEqual(await read(log), [started, finished('x')])
    assert.equal(errors.length, 1, 'it is the same trouble')
    assert.equal(journal.commit(), undefined)
  })
})

it('leaves out outputs for which there is no room, and says how large they were', async () => {
  await withLog(async (log, open) => {
    const journal = open({ maxSize: 500 })
    journal.add(finished('y'.repeat(1000)))
    journal.add(finished('small'))
    await journal.commit()
    const [large, small] = await read(log)
    assert.equal('output' in large!, false)
    assert.ok((large as { omittedBytes: number }).omittedBytes > 1000)
    assert.deepEqual(small, finished('small'))
  })
})

it('seals what it writes, for its place', async () => {
  await withLog(async (log, open) => {
    const sealing = {
      seal: (text: string, place: string) => Buffer.from(`${place}|${text}`).toString('base64'),
      open(sealed: string, place: string) {
        const text = Buffer.from(sealed, 'base64').toString()
        if (!text.startsWith(`${place}|`)) throw new Error('of another place')
        return text.slice(place.length + 1)
      },
    }
    const journal = open({ sealing })
    for (const output of ['secret', 'other']) {
      journal.add(finished(output))
      await journal.commit()
    }
    const { entries } = await log.read('k')
    assert.ok(!entries.join().includes('secret'))
    assert.deepEqual(readJournal(entries, sealing, 'k'), ['secret', 'other'].map(finished))
    // Neither in another order, nor left out, nor in another journal.
    const [one = '', two = ''] = entries
    for (const moved of [[two, one], [two], [one, one]]) {
      assert.throws(() => readJournal(moved, sealing, 'k'), /of another place/)
    }
    assert.throws(() => readJournal(entries, sealing, 'k2'), /of another place/)
  })
})

it('writes again what a store that failed over has lost', async () => {
  for (const kept of [0, 1, 2]) {
    await withLog(async (log, open) => {
      let lost = 0
      const journal = open({ onLost: () => (lost += 1) })
      const write = async (output: string) => {
        journal.add(finished(output))
        await journal.commit()
      }
      for (const output of ['a', 'b', 'c']) await write(output)
      const { entries } = await log.read('k')
      await log.delete('k')
      if (kept > 0) await log.append('k', entries.slice(0, kept))
      await write('d')
      assert.deepEqual(await read(log), ['a', 'b', 'c', 'd'].map(finished))
      assert.equal(lost, 0)
    })
  }
})

it('does not take what another process wrote after a loss for its own', async () => {
  for (const [kept, length] of [
    [1, 2],
    [0, 1],
  ] as const) {
    await withLog(async (log, open) => {
      let lost = 0
      const journal = open({ onLost: () => (lost += 1) })
      for (const output of ['a', 'b', 'c']) {
        journal.add(finished(output))
        await journal.commit()
      }
      const { entries } = await log.read('k')
      await log.delete('k')
      if (kept > 0) await log.append('k', entries.slice(0, kept))
      while ((await log.read('k')).length < length) await log.append('k', ['[]'])
      journal.add(finished('d'))
      await assert.rejects(async () => journal.commit(), { code: 'WORKFLOW_RUN_TAKEN_OVER' })
      assert.equal((await log.read('k')).length, length)
      assert.equal(lost, 1)
    })
  }
})
