import assert from 'node:assert/strict'
import { it } from 'node:test'
import { inTime } from './in-time.ts'

const never = new Promise<void>(() => {})

it('waits for the work, and no longer than the time', async () => {
  let isDone = false
  await inTime(
    Promise.resolve().then(() => (isDone = true)),
    60_000,
  )
  assert.ok(isDone)
  await inTime(never, 5)
  await inTime(never, 0)
  await inTime(never, -1)
})

it('rejects as the work does, and ignores what comes later', async () => {
  await assert.rejects(inTime(Promise.reject(new Error('broken')), 60_000), /broken/)
  const late = Promise.withResolvers<void>()
  await inTime(late.promise, 1)
  late.reject(new Error('too late'))
  await new Promise((resolve) => setImmediate(resolve))
})
