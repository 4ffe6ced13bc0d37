import assert from 'node:assert/strict'
import { it } from 'node:test'
import { systemNow } from '../base/clock.ts'
import type { KeyValue } from '../storage/key-value.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Stores } from '../storage/stores.ts'
import type { RunStarted } from './journal.ts'
import { unsealed } from './journal-text.ts'
import { openRunStore, type RunStore } from './run-store.ts'
import type { RunSummary } from './runs.ts'

const summaryOf = (id: string): RunSummary => ({
  id,
  workflow: 'flow',
  status: 'failed',
  startedAt: 1,
  endedAt: systemNow(),
  owner: 'one',
})

const started: RunStarted = {
  kind: 'run-started',
  at: 1,
  workflow: 'flow',
  digest: '',
  definition: {},
  args: {},
  caller: {},
  owner: 'one',
}

function openOn({ appendLog }: Stores, keyValue: KeyValue): Promise<RunStore> {
  return openRunStore({
    keyValue,
    appendLog,
    prefix: 'w:',
    limits: { keepMs: 60_000, maxRuns: 1, maxRunBytes: 10_000 },
    sealing: unsealed,
    now: systemNow,
    onError: assert.ifError,
  })
}

async function endOne(store: RunStore, id: string): Promise<void> {
  const { endedAt: _endedAt, ...begun } = summaryOf(id)
  const journal = await store.begin({ ...begun, status: 'running' }, started, () => {})
  await store.end(summaryOf(id))
  await journal.close()
}

/** Does something else after the so-many-th write. */
function interrupted(store: KeyValue, after: number, other: () => Promise<void>): KeyValue {
  let writes = 0
  const then = async <Value>(value: Value): Promise<Value> => {
    writes += 1
    if (writes === after) await other()
    return value
  }
  return {
    ...store,
    set: async (...given) => then(await store.set(...given)),
    delete: async (...given) => then(await store.delete(...given)),
  }
}

for (const after of [1, 2]) {
  it(`never forgets half of a run that is resumed while its place is needed (after ${after} writes)`, async () => {
    const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
    const store = await openOn(stores, stores.keyValue)
    await endOne(store, 'old')
    const evict = () => endOne(store, 'new')
    const resuming = await openOn(stores, interrupted(stores.keyValue, after, evict))
    const found = await resuming.index.find('old')
    const stored = await resuming.read('old')
    const { endedAt: _endedAt, ...open } = summaryOf('old')
    const isOpen = await resuming.index.reopen(found!, { ...open, status: 'running', owner: 'two' })
    const { length } = await resuming.read('old')
    const now = await resuming.index.find('old')
    assert.equal((await store.index.find('new'))?.open, false, 'the other one ended meanwhile')
    if (isOpen) assert.deepEqual([now?.open, length], [true, stored.length])
    else assert.deepEqual([now, length], [undefined, 0])
    await stores.close()
  })
}
