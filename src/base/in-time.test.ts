import assert from 'node:assert/strict'
import { it } from 'node:test'
import { inTime } from './in-time.ts'

const never = new Promise<void>(() => {})

it('waits for the work, and no longer than the time', async () => {
  assert.equal(await inTime(Promise.resolve(), 60_000), true)
  assert.equal(await inTime(never, 5), false)
  assert.equal(await inTime(never, 0), false)
  assert.equal(await inTime(never, -1), false)
})

it('rejects as the work does, and ignores what comes later', async () => {
  await assert.rejects(inTime(Promise.reject(new Error('broken')), 60_000), /broken/)
  const late = Promise.withResolvers<void>()
  assert.equal(await inTime(late.promise, 1), false)
  late.reject(new Error('too late'))
  await new Promise((resolve) => setImmediate(resolve))
})
