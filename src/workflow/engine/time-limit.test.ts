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

it('stands still for what is not its own work', async () => {
  const limit = limitTime(new Cancellation(), 60)
  const before = limit.leftMs()!
  assert.equal(await limit.hold(sleep(150, 'back')), 'back')
  assert.equal(limit.expired, false)
  assert.ok(limit.leftMs()! > before - 60)
  await assert.rejects(limit.hold(Promise.reject(new Error('no'))), /no/)
  await sleep(150)
  assert.equal(limit.expired, true)
  const ended = limitTime(new Cancellation(), 1)
  const held = ended.hold(sleep(5))
  ended.end()
  await held
  await sleep(10)
  assert.equal(ended.expired, false)
})
