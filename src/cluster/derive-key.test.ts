import assert from 'node:assert/strict'
import { it } from 'node:test'
import { deriveKey } from './derive-key.ts'

it('makes another key for each purpose, and the same one each time', () => {
  const secret = Buffer.from('a secret of at least 32 characters, says the guide')
  assert.equal(deriveKey(secret, 'store').length, 32)
  assert.deepEqual(deriveKey(secret, 'store'), deriveKey(secret, 'store'))
  assert.notDeepEqual(deriveKey(secret, 'link'), deriveKey(secret, 'store'))
})
