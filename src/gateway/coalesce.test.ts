import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCoalescer } from './coalesce.ts'

describe('createCoalescer()', () => {
  it('does many announcements once, and what comes during the work afterwards', async () => {
    const rounds: string[][] = []
    let done: () => void = () => {}
    const finished = new Promise<void>((resolve) => (done = resolve))
    const coalescer = createCoalescer<string>({ minMs: 5, maxMs: 50 }, async (items) => {
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

  it('hears who announces without end less and less often, and who has calmed down at once', async () => {
    let rounds = 0
    const coalescer = createCoalescer<string>({ minMs: 2, maxMs: 100 }, async () => void rounds++)
    const chatter = setInterval(() => coalescer.add('x'), 1)
    await sleep(500)
    clearInterval(chatter)
    assert.ok(rounds >= 3 && rounds <= 12, `${rounds} rounds`)
    await sleep(300)
    const before = rounds
    coalescer.add('y')
    await sleep(50)
    assert.equal(rounds, before + 1)
    coalescer.stop()
  })
})
