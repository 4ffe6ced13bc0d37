import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Cancellation } from '../../base/cancellation.ts'
import { settle } from './settle.ts'

it('gives what the work gives, or why it failed', async () => {
  const cancellation = new Cancellation()
  assert.deepEqual(await settle(Promise.resolve(1), cancellation), { kind: 'done', value: 1 })
  const error = new Error('no')
  assert.deepEqual(await settle(Promise.reject(error), cancellation), { kind: 'failed', error })
})

it('waits a moment for one who was cancelled, and no longer', async () => {
  const cancellation = new Cancellation()
  const quick = settle(
    new Promise((_, reject) => cancellation.onCancel((r) => reject(new Error(r)))),
    cancellation,
    undefined,
    60_000,
  )
  const silent = settle(new Promise(() => {}), cancellation, undefined, 5)
  cancellation.cancel('enough')
  assert.equal((await quick).kind, 'failed')
  assert.deepEqual(await silent, { kind: 'silent' })
})
