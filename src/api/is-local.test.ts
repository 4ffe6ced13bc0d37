import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isLocal } from './is-local.ts'

it('knows the addresses of this machine', () => {
  for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1']) {
    assert.ok(isLocal(address), address)
  }
  for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '::', '', '127.0.0.1.evil', '1::1']) {
    assert.ok(!isLocal(address), address)
  }
})
