import assert from 'node:assert/strict'
import { it } from 'node:test'
import { systemNow } from '../base/clock.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Sealing } from './journal-text.ts'
import { createRunIndex } from './run-index.ts'
import type { RunSummary } from './runs.ts'

const sealing: Sealing = {
  seal: (text, place) => Buffer.from(`${place}|${text}`).toString('base64'),
  open(sealed, place) {
    const text = Buffer.from(sealed, 'base64').toString()
    if (!text.startsWith(`${place}|`)) throw new Error('of another place')
    return text.slice(place.length + 1)
  },
}
const failed: RunSummary = {
  id: 'r1',
  workflow: 'flow',
  status: 'failed',
  startedAt: 1,
  endedAt: 2,
  owner: 'one',
  failedStep: 'a',
  error: 'step "a" failed: no such user ann@example.com',
}

it('seals why a run failed, for that run, and reads what was written before', async () => {
  const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
  const { keyValue } = stores
  const index = createRunIndex(keyValue, 'w:', sealing)
  await index.end(failed, 60_000)
  const stored = (await keyValue.get('w:ended:r1'))!.value
  assert.doesNotMatch(stored, /no such user/)
  assert.deepEqual((await index.find('r1'))?.summary, failed)
  await keyValue.set('w:ended:r2', stored.replace('"r1"', '"r2"'))
  const { error, ...rest } = failed
  assert.deepEqual((await index.find('r2'))?.summary, { ...rest, id: 'r2' }, 'it was moved')
  await keyValue.set('w:ended:r3', JSON.stringify({ ...failed, id: 'r3' }))
  assert.equal((await index.find('r3'))?.summary.error, error)
  await stores.close()
})
