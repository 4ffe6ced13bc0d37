import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isGenuine, makeSeal, readSeal, SeenNumbers, type Sealed } from './seal.ts'

const KEY = Buffer.alloc(32, 1)
const REQUEST: Sealed = {
  from: 'ra',
  to: 'rb',
  number: 7,
  method: 'POST',
  path: '/link/x',
  extra: '{"binding":"alice"}',
  body: Buffer.from('hello'),
}

function opens(sealed: Sealed, header = makeSeal(KEY, REQUEST), key = KEY): boolean {
  const parts = readSeal(header)
  assert.ok(parts)
  return isGenuine(key, { ...sealed, from: parts.from, number: parts.number }, parts.mac)
}

describe('the seal of a link request', () => {
  it('opens for the same request with the same key', () => {
    assert.equal(opens(REQUEST), true)
  })

  it('does not open for another request, receiver or key', () => {
    const others: Partial<Sealed>[] = [
      { to: 'rc' },
      { method: 'GET' },
      { path: '/link/y' },
      { extra: '{"binding":"bob"}' },
      { body: Buffer.from('hello!') },
    ]
    for (const other of others) assert.equal(opens({ ...REQUEST, ...other }), false)
    assert.equal(opens(REQUEST, makeSeal(KEY, REQUEST), Buffer.alloc(32, 2)), false)
    const forged = makeSeal(KEY, REQUEST).replace(' 7 ', ' 8 ')
    assert.equal(opens(REQUEST, forged), false)
  })

  it('is nothing else', () => {
    for (const text of [
      undefined,
      '',
      'v1',
      'v2 ra 7 x',
      'v1 ra -1 x',
      `v1 ra 7 ${'x'.repeat(44)}`,
    ]) {
      assert.equal(readSeal(text), undefined)
    }
  })
})

describe('SeenNumbers', () => {
  it('takes each number of each sender once, in any order near the newest', () => {
    const seen = new SeenNumbers()
    for (const number of [1, 3, 2, 5000, 4000]) assert.equal(seen.take('a', number), true)
    for (const number of [1, 3, 5000, 4000]) assert.equal(seen.take('a', number), false)
    assert.equal(seen.take('b', 1), true)
    assert.equal(seen.take('a', 5), false, 'too old to be told from a repetition')
  })

  it('keeps no more than it needs', () => {
    const seen = new SeenNumbers()
    for (let number = 1; number < 50_000; number++) assert.equal(seen.take('a', number), true)
    assert.equal(seen.take('a', 49_999), false)
  })
})
