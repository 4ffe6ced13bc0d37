import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createStack } from './stack.ts'

describe('createStack()', () => {
  it('closes in the opposite order, once', async () => {
    const closed: string[] = []
    const stack = createStack()
    for (const name of ['a', 'b', 'c']) stack.add({ close: () => void closed.push(name) })
    await Promise.all([stack.end(), stack.end()])
    await stack.ended
    assert.deepEqual(closed, ['c', 'b', 'a'])
  })

  it('closes the rest when one fails, and says so', async () => {
    const closed: string[] = []
    const stack = createStack()
    stack.add({ close: () => void closed.push('first') })
    stack.add({ close: () => Promise.reject(new Error('stuck')) })
    await assert.rejects(stack.end(), /stuck/)
    await assert.rejects(stack.ended, /stuck/)
    assert.deepEqual(closed, ['first'])
  })
})
