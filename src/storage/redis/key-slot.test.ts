import assert from 'node:assert/strict'
import { it } from 'node:test'
import { keySlot } from './key-slot.ts'
import { counterPerSlot } from './version-counter.ts'

it('knows the slot of a key as Redis does', () => {
  // As CLUSTER KEYSLOT answers.
  for (const [key, slot] of [
    ['', 0],
    ['123456789', 12_739],
    ['foo', 12_182],
    ['{user1000}.following', 3443],
    ['foo{}{bar}', 8363],
    ['foo{{bar}}zap', 4015],
    ['foo{bar}{zap}', 5061],
  ] as const) {
    assert.equal(keySlot(key), slot, key)
  }
})

it('gives every entry a counter of its own slot', () => {
  const counterOf = counterPerSlot('thv:{a}:')
  const plain = counterPerSlot('thv:')
  for (let n = 0; n < 2000; n++) {
    assert.equal(keySlot(plain(`thv:${n}`)), keySlot(`thv:${n}`))
    assert.equal(keySlot(counterOf(`thv:{a}:${n}`)), keySlot('a'))
  }
})
