import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '../telemetry/logger.ts'
import { createSilence } from './silence.ts'

const REPLICA = { id: 'r1', url: 'http://r1' }

function setUp(signs: ('alive' | 'silent' | 'dead')[]) {
  let asked = 0
  const buried: string[] = []
  const silence = createSilence({
    async signOf() {
      asked++
      return signs.length > 1 ? signs.shift()! : signs[0]!
    },
    isKnown: (id) => id !== 'unknown' && !buried.includes(id),
    bury: async (id) => void buried.push(id),
    log: silentLogger,
  })
  return { silence, buried, asked: () => asked }
}

describe('the silence of a replica', () => {
  it('is none where it answers', async () => {
    const { silence } = setUp(['alive'])
    assert.equal(silence.of(REPLICA), undefined)
    const look = silence.look(REPLICA)
    assert.equal(silence.of(REPLICA), undefined, 'nothing is known yet')
    assert.equal(await look, 'alive')
    assert.equal(silence.of(REPLICA), undefined)
  })

  it('lasts until it answers, or is known to be dead; all wait for the same look', async () => {
    for (const end of ['alive', 'dead'] as const) {
      const { silence, buried, asked } = setUp(['silent', 'silent', end])
      const looks = [silence.look(REPLICA), silence.look(REPLICA)]
      await new Promise((resolve) => setImmediate(resolve))
      assert.ok(silence.of(REPLICA) !== undefined)
      assert.equal(silence.of({ ...REPLICA, id: 'r2' }), undefined)
      assert.deepEqual(await Promise.all(looks), [end, end])
      assert.equal(asked(), 3)
      assert.deepEqual(buried, end === 'dead' ? ['r1'] : [])
      assert.equal(await silence.of(REPLICA), end === 'dead' ? 'dead' : undefined)
    }
  })

  it('is looked for first where nobody knows of it', async () => {
    const { silence, asked } = setUp(['alive'])
    assert.equal(await silence.of({ ...REPLICA, id: 'unknown' }), 'alive')
    assert.equal(asked(), 1)
  })
})
