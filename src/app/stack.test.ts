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

  it('closes the rest when one hangs, if it has to be in time', async () => {
    const closed: string[] = []
    const stack = createStack()
    for (const name of ['first', 'second']) stack.add({ close: () => void closed.push(name) })
    stack.add({ close: () => new Promise<void>(() => {}) })
    stack.add({ close: () => new Promise<void>(() => {}) })
    await stack.end(50)
    assert.deepEqual(closed, ['second', 'first'])
  })
})
