import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCoalescer } from './coalesce.ts'

describe('createCoalescer()', () => {
  it('does many announcements once, and what comes during the work afterwards', async () => {
    const rounds: string[][] = []
    let done: () => void = () => {}
    const finished = new Promise<void>((resolve) => (done = resolve))
    const coalescer = createCoalescer<string>(5, async (items) => {
      rounds.push([...items])
      if (rounds.length === 1) coalescer.add('late')
      await new Promise((resolve) => setTimeout(resolve, 10))
      if (rounds.length === 2) done()
    })
    for (const item of ['a', 'b', 'a']) coalescer.add(item)
    await finished
    assert.deepEqual(rounds, [['a', 'b'], ['late']])
    coalescer.stop()
  })
})
