import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cancellation } from '../../base/cancellation.ts'
import { limitTime } from './time-limit.ts'

it('ends with its parent', () => {
  const parent = new Cancellation()
  const limit = limitTime(parent, 60_000)
  assert.ok(limit.leftMs()! > 50_000)
  parent.cancel('over')
  assert.equal(limit.cancellation.reason, 'over')
  assert.equal(limit.expired, false)
  limit.end()
})

it('ends when its time is over, and leaves the parent alone', async () => {
  const parent = new Cancellation()
  const limit = limitTime(parent, 1)
  await sleep(30)
  assert.equal(limit.expired, true)
  assert.ok(limit.cancellation.cancelled)
  assert.equal(parent.cancelled, false)
  limit.end()
})

it('does not end when it is done before', async () => {
  const limit = limitTime(new Cancellation(), 5)
  limit.end()
  await sleep(20)
  assert.equal(limit.cancellation.cancelled, false)
})

it('knows times that no timer can hold', async () => {
  const parent = new Cancellation()
  const limit = limitTime(parent, 2 ** 40)
  await sleep(5)
  assert.equal(limit.cancellation.cancelled, false)
  limit.cancellation.cancel('enough')
  assert.equal(parent.cancelled, false)
  limit.end()
})
